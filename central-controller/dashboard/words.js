/** States and limits in words. */
import { cores, duration, percent } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').ServiceDecision} ServiceDecision
 */

/**
 * `fact` is true whatever the weight is, `effect` only of a weight that Ballast chooses.
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
  floor: 'It gets the least that still shows how it does.',
  policyLimit: 'A limit of its policy bounds it.',
  replicaLimit: 'Its container’s own CPU limit bounds it.',
  nodeSaturated: 'Its node has no CPU left.',
  failures: 'Some of its answers are failures.',
  slow: 'It answers later than CPU and waiting for CPU explain.',
  shrunk: 'Costs are not known well, so it is kept nearer to the equal share.',
  damped: 'It goes to its target in steps.',
  deadBand: 'A change would be too small to be worth making.',
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
  const { fact, effect } = STATES[replica.state];
  const isHeld = replica.limits.includes('manual') || replica.limits.includes('paused');
  const sentences = [isHeld ? `${fact}.` : `${fact}: ${effect}.`];
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
