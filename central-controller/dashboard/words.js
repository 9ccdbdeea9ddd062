/** States and limits in words. */
import { cores, duration, percent } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').ServiceDecision} ServiceDecision
 */

/** @type {Record<ReplicaDecision['state'], { name: string, meaning: string }>} */
export const STATES = {
  Learning: { name: 'learning', meaning: 'Too little is known of it yet, so it gets an equal share.' },
  WarmingUp: { name: 'warming up', meaning: 'It is new: its share rises step by step to what it would get.' },
  Active: { name: 'active', meaning: 'Its weight follows from its CPU cost and its node’s free CPU.' },
  Degraded: {
    name: 'degraded',
    meaning: 'It fails, or is slower than its CPU explains: it gets little until it is well.',
  },
  Stale: { name: 'silent', meaning: 'Nothing is heard of it: its weight goes back to the equal share.' },
  NotReady: { name: 'not ready', meaning: 'The cluster says that it is not ready, so it gets nothing.' },
};

/** @type {Record<ReplicaDecision['limits'][number], string>} */
const LIMITS = {
  floor: 'It gets the least that keeps its figures known.',
  policyLimit: 'The limits that its policy sets bound it.',
  replicaLimit: 'Its container’s own CPU limit bounds it.',
  nodeSaturated: 'Its node has no CPU left.',
  failures: 'Some of its answers are failures.',
  slow: 'It answers later than its CPU and its queue explain.',
  shrunk: 'Its cost is not known well, so it is kept nearer to the equal share.',
  damped: 'The way to the target is taken in steps.',
  deadBand: 'The change would be too small to be worth making.',
  manual: 'It was set by hand, until that expires.',
  paused: 'Balancing is paused: it keeps the weight that it had.',
};

/** @type {Record<ServiceDecision['mode'], { name: string, meaning: string }>} */
export const MODES = {
  Enforce: { name: 'balanced', meaning: 'These weights are in force.' },
  Observe: { name: 'observed', meaning: 'These weights are only worked out: Istio balances.' },
  Off: { name: 'off', meaning: 'Istio balances; no weights are worked out.' },
};

/**
 * What Ballast does with a service now.
 * @param {Pick<ServiceDecision, 'mode' | 'paused'>} service
 */
export function modeOf({ mode, paused }) {
  if (!paused) return MODES[mode];
  const why = paused.reason === undefined ? '' : ` (${paused.reason})`;
  return { name: 'paused', meaning: `Weights stay as they were${why}.` };
}

/**
 * What each ready replica gets where all get the same.
 * @param {readonly ReplicaDecision[]} replicas of a service
 */
export function equalShare(replicas) {
  return 1 / Math.max(1, replicas.filter(({ state }) => state !== 'NotReady').length);
}

/**
 * Why a replica has its weight: sentences, the main one first.
 * @param {ReplicaDecision} replica
 * @returns {string[]}
 */
export function reasons(replica) {
  const sentences = [STATES[replica.state].meaning];
  const [now, best] = [percent(replica.weight), percent(replica.target)];
  if (now !== best) sentences.push(`${now} now, ${best} would be best.`);
  sentences.push(...replica.limits.map((limit) => LIMITS[limit]));
  return sentences;
}

/**
 * The figures behind the weight, as pairs of name and value.
 * @param {ReplicaDecision} replica
 * @returns {[string, string][]}
 */
export function evidence(replica) {
  const { cpuPerRequestSeconds: cost, cpuPerRequestDeviation: error } = replica;
  return [
    ['CPU in use', `${cores(replica.cpuCores)} cores`],
    ['could use', `${cores(replica.capacityCores)} cores`],
    ['CPU per request', cost > 0 ? `${duration(cost)} ± ${percent(error / cost)}` : '–'],
    ['mean in flight', replica.meanInFlight.toFixed(2)],
    ['unexplained', duration(replica.nonCpuSeconds)],
    ['failed', percent(replica.failureRatio)],
  ];
}
