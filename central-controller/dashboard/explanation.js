/** Why a replica has its weight, in sentences: what it came to, what is known, and what damping did. */
import { cores, duration, percent, short } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').NodeDecision} NodeDecision
 * @typedef {Pick<import('../../contract/explanation.ts').Explanation, 'service' | 'replica' | 'node' | 'equalShare'>} Explained
 */

/** Latency, in seconds, that is worth a sentence. */
const HIDDEN = 0.0001;

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
  const equal = `all the same would be ${percent(equalShare)}`;
  if (service.paused) return `It keeps ${gets} while balancing is paused; ${equal}.`;
  if (service.mode === 'Observe') return `It would get ${gets}; ${equal}. Istio balances: the mode is Observe.`;
  return `It gets ${gets}; ${equal}.`;
}

/**
 * @param {ReplicaDecision} replica
 * @param {NodeDecision | undefined} node
 */
function nodeSentence(replica, node) {
  if (!node || node.cores === 0) return `Of its node ${replica.node} nothing is known.`;
  if (node.stale) return `Its node ${replica.node} is silent: its agent has not reported.`;
  const busy = `${cores(node.busyCores)} of ${cores(node.cores)} cores`;
  const neighbours = node.backgroundCores >= 0.005 ? `, ${cores(node.backgroundCores)} of them with neighbours` : '';
  const foreseen = `with the best weights it would be ${percent(node.predictedUtilisation)}`;
  return `Its node ${replica.node} is ${percent(node.busyCores / node.cores)} busy (${busy}${neighbours}); ${foreseen}.`;
}

/** @param {ReplicaDecision} replica */
function costSentence({ cpuPerRequestSeconds, cpuPerRequestDeviation, cpuCores, capacityCores, requestsPerSecond }) {
  const used = `${short(requestsPerSecond)} requests a second take ${cores(cpuCores)} of the ${cores(capacityCores)} cores that it could use`;
  if (!(cpuPerRequestSeconds > 0)) return `What a request costs here is not known yet; ${used}.`;
  const error = percent(cpuPerRequestDeviation / cpuPerRequestSeconds);
  return `A request costs ${duration(cpuPerRequestSeconds)} of CPU here, known to ±${error}; ${used}.`;
}

/** @param {ReplicaDecision} replica */
function answerSentence({ meanLatencySeconds, meanInFlight, failureRatio, nonCpuSeconds }) {
  if (!(meanLatencySeconds > 0)) return 'It has not answered lately.';
  const hidden =
    nonCpuSeconds >= HIDDEN ? `; neither CPU nor waiting for it explains ${duration(nonCpuSeconds)} of that` : '';
  const failed = failureRatio >= 0.0005 ? `${percent(failureRatio)} fail` : 'none fail';
  return `Answers take ${duration(meanLatencySeconds)} on average${hidden}; ${short(meanInFlight)} are in flight, ${failed}.`;
}

/** @param {ReplicaDecision} replica */
function damping({ limits, previous, weight, target }) {
  if (limits.includes('manual')) return 'None: what is set by hand applies at once.';
  if (limits.includes('paused')) return 'None: the weight is held as it was.';
  const [before, now, best] = [percent(previous), percent(weight), percent(target)];
  if (best === now) return 'None: the weight is where the best is.';
  if (limits.includes('deadBand')) return `The best would be ${best}, too near to ${now} to be worth a change.`;
  const moved = before === now ? `stays at ${now}` : `moved to ${now}`;
  return `It was ${before} and ${moved} on the way to ${best}: large changes are made in steps.`;
}
