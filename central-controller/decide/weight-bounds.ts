/** Bounds on the weights of a service, from the limits of its policy. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { ServiceEstimate } from '../model/snapshot.ts';
import type { Parameters } from './settings.ts';

/** Longer times between ticks, such as around a restart, count as this. */
const MAX_ELAPSED_MS = 1000;

/**
 * The parameters for one service. Its policy can only narrow them.
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
    maxStep: Math.min(
      parameters.maxStep,
      maxStepPerSecond === undefined ? Infinity : (maxStepPerSecond * seconds) / ready,
    ),
    warmUpMs: warmUpSeconds === undefined ? parameters.warmUpMs : 1000 * warmUpSeconds,
  };
}

/** The least that a replica in this state gets, as a fraction of the equal weight. Health overrules the policy. */
export function minFraction(state: ReplicaState, parameters: Parameters): number {
  const isHeldBack = state === 'WarmingUp' || state === 'Degraded';
  return isHeldBack ? parameters.floor : Math.max(parameters.floor, parameters.minWeight);
}

/** Fractions of the service's requests. */
export interface WeightBounds {
  readonly least: number;
  readonly most: number;
  /** The policy raises `least` above the floor of all replicas. */
  readonly isRaised: boolean;
}

/** The bounds of each replica. A weight set by hand is its own bound; the others share the rest. */
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
    const fraction = minFraction(state, parameters);
    return { least: fraction * equal, most, isRaised: fraction > parameters.floor };
  });
}

/** Whether a bound of the policy decides this weight. Scaling may leave the weight slightly off the bound. */
export function isAtPolicyLimit(weight: number, { least, most, isRaised }: WeightBounds): boolean {
  return (isRaised && weight < 1.001 * least) || (least < most && most < 1 && weight > 0.999 * most);
}

/** Each weight counts as this far above its least, so that there is something to scale when all are at it. */
const MIN_ABOVE = 1e-12;

/**
 * Weights within their bounds that sum to 1. All are scaled above their least by the same factor, except those that reach
 * their most, so the others keep their proportions.
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
      // The next factor is greater, so this weight stays at its most.
      isFull[index] = 1;
      isMet = false;
      return most;
    });
    if (isMet) return result;
  }
}
