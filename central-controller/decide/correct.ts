/**
 * Weights that bring about the target shares. A proxy draws by weight, but then prefers the replica with fewer
 * requests in flight for its weight, so the shares that come about are not the weights: with few requests in flight
 * the heavy replica wins nearly always. What is wanted is a distribution of CPU, so the difference between the share
 * intended and the share counted is integrated, slowly, into one factor per replica.
 */
import type { CandidateReplica } from './targets.ts';
import type { Parameters } from './policy.ts';

/** A share is judged only where it should have brought so many requests within the memory of the rates. */
const LEAST_REQUESTS = 10;
const RATE_MEMORY_SECONDS = 3;

/** One tick counts a difference as at most this factor. */
const MOST_DIFFERENCE = Math.E;

const GREATEST_CORRECTION = 10;

/** Factor per replica, so scaled that targets times factors sum to what the targets do. */
export function corrections(
  replicas: readonly CandidateReplica[],
  targets: readonly number[],
  isInForce: boolean,
  parameters: Parameters,
): number[] {
  const before = replicas.map(({ correction }) => correction);
  const factors =
    isInForce && replicas.every(({ manual }) => manual === undefined) ? integrated(replicas, parameters) : before;
  const sum = targets.reduce((total, target) => total + target, 0);
  const product = targets.reduce((total, target, index) => total + target * (factors[index] ?? 1), 0);
  return factors.map((factor) => (product > 0 ? (factor * sum) / product : 1));
}

/** Weights that have just moved have not yet shown what they bring. */
function integrated(replicas: readonly CandidateReplica[], parameters: Parameters): number[] {
  const intended = replicas.map(({ previous, correction }) => previous / correction);
  const allIntended = intended.reduce((sum, share) => sum + share, 0);
  const counted = replicas.reduce((sum, { estimate }) => sum + estimate.requestsPerSecond, 0);
  return replicas.map(({ correction, estimate, hasMoved, state }, index) => {
    const expected = ((intended[index] ?? 0) / allIntended) * counted;
    if (hasMoved || state === 'Stale' || !(expected * RATE_MEMORY_SECONDS >= LEAST_REQUESTS)) return correction;
    const difference = expected / Math.max(estimate.requestsPerSecond, expected / MOST_DIFFERENCE);
    const step = Math.max(difference, 1 / MOST_DIFFERENCE) ** parameters.correctionGain;
    return Math.min(GREATEST_CORRECTION, Math.max(1 / GREATEST_CORRECTION, correction * step));
  });
}
