/** What the limits of a policy make of the weights of its service. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { ServiceEstimate } from '../model/snapshot.ts';
import type { Parameters } from './settings.ts';

/** Ticks that are further apart, such as around a restart, count as this. */
const MAX_ELAPSED_MS = 1000;

/**
 * The parameters as they hold for one service: what its policy limits is more narrow than for the others.
 *
 * @param ready number of its ready replicas
 * @param elapsedMs since the decision in force
 */
export function parametersOf(
  { limits }: ServiceEstimate,
  parameters: Parameters,
  ready: number,
  elapsedMs: number,
): Parameters {
  if (limits === undefined) return parameters;
  const { minWeight, maxWeight, maxStepPerSecond, warmUpSeconds } = limits;
  const seconds = Math.min(MAX_ELAPSED_MS, Math.max(0, elapsedMs)) / 1000;
  return {
    ...parameters,
    minWeight: minWeight ?? parameters.minWeight,
    maxWeight: maxWeight ?? parameters.maxWeight,
    greatestStep: Math.min(
      parameters.greatestStep,
      maxStepPerSecond === undefined ? Infinity : (maxStepPerSecond * seconds) / ready,
    ),
    warmUpMs: warmUpSeconds === undefined ? parameters.warmUpMs : 1000 * warmUpSeconds,
  };
}

/** The least that a replica in this state gets, as a part of the equal weight: health goes before the policy's wish. */
export function leastPart(state: ReplicaState, parameters: Parameters): number {
  const isHeldBack = state === 'WarmingUp' || state === 'Degraded';
  return isHeldBack ? parameters.floor : Math.max(parameters.floor, parameters.minWeight);
}

/** Shares of the service's requests. */
export interface WeightBounds {
  readonly least: number;
  readonly most: number;
  /** The least is what the policy asks for, and not what all replicas get. */
  readonly isRaised: boolean;
}

/** The bounds of each replica. What is set by hand is its own bound, and the others share what it leaves. */
export function boundsOf(
  replicas: readonly { readonly state: ReplicaState; readonly manual: number | undefined }[],
  parameters: Parameters,
): WeightBounds[] {
  const open = replicas.filter(({ manual }) => manual === undefined).length;
  const left = Math.max(0, 1 - replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0));
  const equal = left / Math.max(1, open);
  const most = equal > 0 ? Math.min(1, parameters.maxWeight * equal) : 0;
  return replicas.map(({ state, manual }) => {
    if (manual !== undefined) return { least: manual, most: manual, isRaised: false };
    const part = leastPart(state, parameters);
    return { least: part * equal, most, isRaised: part > parameters.floor };
  });
}

/** Does a bound that the policy sets decide this weight? Scaling may leave it a little off. */
export function isAtPolicyLimit(weight: number, { least, most, isRaised }: WeightBounds): boolean {
  return (isRaised && weight < 1.001 * least) || (least < most && most < 1 && weight > 0.999 * most);
}

/** Counts as above the least, so that there is something to scale where all are at it. */
const MIN_ABOVE = 1e-12;

/**
 * Weights within their bounds and with the sum 1. What is above its least is scaled, all by the same factor, but for
 * what reaches its most: the others keep their proportions.
 *
 * @param bounds one per weight; their least sum to at most 1, their most to at least 1
 */
export function withinBounds(weights: readonly number[], bounds: readonly WeightBounds[]): number[] {
  const above = bounds.map(({ least, most }, index) =>
    most > least ? Math.max(MIN_ABOVE, (weights[index] ?? 0) - least) : 0,
  );
  const isFull = new Uint8Array(bounds.length);
  for (;;) {
    let room = 1;
    let scaled = 0;
    bounds.forEach(({ least, most }, index) => {
      room -= isFull[index] ? most : least;
      scaled += isFull[index] ? 0 : (above[index] ?? 0);
    });
    const factor = scaled > 0 ? Math.max(0, room) / scaled : 0;
    let isMet = true;
    const result = bounds.map(({ least, most }, index) => {
      const weight = least + factor * (above[index] ?? 0);
      if (isFull[index] || weight <= most) return isFull[index] ? most : weight;
      // What is too much by this factor is so by the next, which is greater.
      isFull[index] = 1;
      isMet = false;
      return most;
    });
    if (isMet) return result;
  }
}
