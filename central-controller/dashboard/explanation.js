/** Explains the weight of a replica in sentences: the result, the estimates and the effect of damping. */
import { cores, duration, percent, short } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').NodeDecision} NodeDecision
 * @typedef {Pick<import('../../contract/explanation.ts').Explanation, 'service' | 'replica' | 'node' | 'equalShare'>} Explained
 */

/** Less non-CPU latency, in seconds, is not mentioned. */
const MIN_NON_CPU_SECONDS = 0.0001;

/**
 * @param {Explained} explained
 * @returns {{ verdict: string, known: string[], damping: string }}
 */
export function explanationOf(explained) {
  const { replica, node } = explained;
  const known = [nodeSentence(replica, node), costSentence(replica), answerSentence(replica)];
  return { verdict: verdict(explained), known, damping: damping(replica) };
}

/** @param {Explained} explained */
function verdict({ service, replica, equalShare }) {
  const gets = `${percent(replica.weight)} of the requests to ${service.name}`;
  const equal = `the equal share is ${percent(equalShare)}`;
  if (service.paused) return `It keeps ${gets} while balancing is paused; ${equal}.`;
  if (service.mode === 'Observe') return `It would get ${gets}; ${equal}. Istio balances: the mode is Observe.`;
  return `It gets ${gets}; ${equal}.`;
}

/**
 * @param {ReplicaDecision} replica
 * @param {NodeDecision | undefined} node
 */
function nodeSentence(replica, node) {
  if (!node || node.cores === 0) return `Nothing is known about its node ${replica.node}.`;
  if (node.stale) return `Its node ${replica.node} is silent: its agent sends no reports.`;
  const busy = `${cores(node.busyCores)} of ${cores(node.cores)} cores`;
  const neighbours = node.backgroundCores >= 0.005 ? `, ${cores(node.backgroundCores)} of them with neighbours` : '';
  const predicted = `at the targets it would be ${percent(node.predictedUtilisation)}`;
  return `Its node ${replica.node} is ${percent(node.busyCores / node.cores)} busy (${busy}${neighbours}); ${predicted}.`;
}

/** @param {ReplicaDecision} replica */
function costSentence({ cpuPerRequestSeconds, cpuPerRequestDeviation, cpuCores, capacityCores, requestsPerSecond }) {
  const used = `${short(requestsPerSecond)} requests a second take ${cores(cpuCores)} of the ${cores(capacityCores)} cores that it could use`;
  if (!(cpuPerRequestSeconds > 0)) return `The CPU per request is not known yet; ${used}.`;
  const error = percent(cpuPerRequestDeviation / cpuPerRequestSeconds);
  return `A request costs ${duration(cpuPerRequestSeconds)} of CPU here, known to ±${error}; ${used}.`;
}

/** @param {ReplicaDecision} replica */
function answerSentence({ meanLatencySeconds, meanInFlight, failureRatio, nonCpuSeconds }) {
  if (!(meanLatencySeconds > 0)) return 'It has answered no requests recently.';
  const nonCpu =
    nonCpuSeconds >= MIN_NON_CPU_SECONDS
      ? `; neither CPU nor waiting for it explains ${duration(nonCpuSeconds)} of that`
      : '';
  const failed = failureRatio >= 0.0005 ? `${percent(failureRatio)} fail` : 'none fail';
  return `Answers take ${duration(meanLatencySeconds)} on average${nonCpu}; ${short(meanInFlight)} are in flight, ${failed}.`;
}

/** @param {ReplicaDecision} replica */
function damping({ limits, previous, weight, target }) {
  if (limits.includes('manual')) return 'None: a weight by hand applies at once.';
  if (limits.includes('paused')) return 'None: balancing is paused, so the weight stays.';
  const [before, now, best] = [percent(previous), percent(weight), percent(target)];
  if (best === now) return 'None: the weight is at its target.';
  if (limits.includes('deadBand')) return `The target ${best} is too close to ${now} for a change.`;
  const moved = before === now ? `stays at ${now}` : `moved to ${now}`;
  return `It was ${before} and ${moved} on the way to ${best}: large changes are made in steps.`;
}
