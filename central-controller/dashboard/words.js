/** Texts for states, limits and modes. */
import { cores, duration, percent } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').ServiceDecision} ServiceDecision
 */

/**
 * `fact` is always true, `effect` only if Ballast chooses the weight.
 * @type {Record<ReplicaDecision['state'], { name: string, fact: string, effect: string }>}
 */
export const STATES = {
  Learning: {
    name: 'learning',
    fact: 'Too little is known of its service yet',
    effect: 'all replicas whose weight is not set by hand get the same',
  },
  WarmingUp: { name: 'warming up', fact: 'It is new', effect: 'its weight rises step by step to its target' },
  Active: {
    name: 'active',
    fact: 'Its CPU cost and its node’s free CPU are known',
    effect: 'its weight follows from them',
  },
  Degraded: {
    name: 'degraded',
    fact: 'It fails, or is slower than its CPU explains',
    effect: 'it gets little until it is well',
  },
  Stale: {
    name: 'silent',
    fact: 'Its proxy or its node’s agent is silent',
    effect: 'its weight returns to the equal share',
  },
  NotReady: { name: 'not ready', fact: 'Kubernetes says that it is not ready', effect: 'it gets nothing' },
};

/** @type {Record<ReplicaDecision['limits'][number], string>} */
const LIMITS = {
  floor: 'It gets the minimum that keeps its estimates up to date.',
  policyLimit: 'Its policy limits it.',
  replicaLimit: 'The CPU limit of its container limits it.',
  nodeSaturated: 'Its node has no CPU left.',
  failures: 'Some of its answers are failures.',
  slow: 'It is slower than CPU and the wait for CPU explain.',
  shrunk: 'Its CPU per request is uncertain, so it stays closer to the equal share.',
  damped: 'It moves to its target in steps.',
  deadBand: 'A change would be too small to matter.',
  manual: 'It was set by hand, until the override expires.',
  paused: 'Balancing is paused: it keeps its weight.',
};

/** @type {Record<ServiceDecision['mode'], { name: string, meaning: string }>} */
export const MODES = {
  Enforce: { name: 'balanced', meaning: 'These weights are in force.' },
  Observe: { name: 'observed', meaning: 'These weights are computed but not used: Istio balances.' },
  Off: { name: 'off', meaning: 'Istio balances; no weights are computed.' },
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
 * The weight of each ready replica if all have the same weight.
 * @param {readonly ReplicaDecision[]} replicas of a service
 */
export function equalShare(replicas) {
  return 1 / Math.max(1, replicas.filter(({ state }) => state !== 'NotReady').length);
}

/**
 * Sentences that explain the weight of a replica, the main one first.
 * @param {ReplicaDecision} replica
 * @returns {string[]}
 */
export function reasons(replica) {
  const { fact, effect } = STATES[replica.state];
  const isHeld = replica.limits.includes('manual') || replica.limits.includes('paused');
  const sentences = [isHeld ? `${fact}.` : `${fact}: ${effect}.`];
  const [now, best] = [percent(replica.weight), percent(replica.target)];
  if (now !== best) sentences.push(`It is ${now} now, the target is ${best}.`);
  sentences.push(...replica.limits.map((limit) => LIMITS[limit]));
  return sentences;
}

/**
 * The metrics and estimates behind the weight, as pairs of name and value.
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
