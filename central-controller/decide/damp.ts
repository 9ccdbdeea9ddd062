/**
 * How far weights go in one tick. The target hardly depends on the weights in force, so going a fixed fraction of the
 * way converges geometrically. The dead band keeps noise from being published. It is narrower for small weights, so that
 * a weight on its way to the floor arrives. All weights of a service go the same fraction of their way, which keeps their
 * sum.
 */
import type { Parameters } from './settings.ts';

export type StepOutcome = 'reached' | 'damped' | 'deadBand';

export interface DampedStep {
  readonly weights: readonly number[];
  readonly outcome: StepOutcome;
}

/** Moves `from` toward `to`; both have the same sum. */
export function dampedStep(from: readonly number[], to: readonly number[], parameters: Parameters): DampedStep {
  const distance = from.reduce((most, weight, index) => Math.max(most, Math.abs((to[index] ?? 0) - weight)), 0);
  if (distance <= 1e-9) return { weights: from, outcome: 'reached' };
  const equal = to.reduce((sum, weight) => sum + weight, 0) / Math.max(1, to.length);
  const isNear = (weight: number, target: number): boolean =>
    Math.abs(target - weight) <= parameters.deadBand * Math.sqrt(equal * Math.min(equal, Math.max(weight, target)));
  if (from.every((weight, index) => isNear(weight, to[index] ?? 0))) return { weights: from, outcome: 'deadBand' };
  const gain = distance > parameters.far * equal ? parameters.farGain : parameters.gain;
  const fraction = Math.min(1, gain, parameters.maxStep / distance);
  if (fraction === 1) return { weights: to, outcome: 'reached' };
  return { weights: from.map((weight, index) => weight + fraction * ((to[index] ?? 0) - weight)), outcome: 'damped' };
}
