/**
 * How far weights go in one tick. The target does not depend on the weights in force, but for errors of the
 * estimates, so a step of a part of the way converges geometrically. The dead band keeps noise from being published; it
 * is narrower for small weights, so that one that shall go to its floor gets there. All weights of a service move by the
 * same part of their way, so that their sum stays what it is.
 */
import type { Parameters } from './settings.ts';

export interface DampedStep {
  readonly weights: readonly number[];
  readonly outcome: 'reached' | 'damped' | 'deadBand';
}

/** Moves `from` toward `to`; both have the same sum. */
export function dampedStep(from: readonly number[], to: readonly number[], parameters: Parameters): DampedStep {
  const distance = from.reduce((most, weight, index) => Math.max(most, Math.abs((to[index] ?? 0) - weight)), 0);
  const equal = to.reduce((sum, weight) => sum + weight, 0) / Math.max(1, to.length);
  if (distance <= 1e-9) return { weights: from, outcome: 'reached' };
  const isNear = (weight: number, target: number): boolean =>
    Math.abs(target - weight) <= parameters.deadBand * Math.sqrt(equal * Math.min(equal, Math.max(weight, target)));
  if (from.every((weight, index) => isNear(weight, to[index] ?? 0))) return { weights: from, outcome: 'deadBand' };
  const gain = distance > parameters.far * equal ? parameters.farGain : parameters.gain;
  const part = Math.min(1, gain, parameters.greatestStep / distance);
  if (part === 1) return { weights: to, outcome: 'reached' };
  return { weights: from.map((weight, index) => weight + part * ((to[index] ?? 0) - weight)), outcome: 'damped' };
}
