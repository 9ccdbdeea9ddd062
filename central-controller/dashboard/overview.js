/** Computes the values that the page shows of a decision. */
import { age, cores, percent, short } from './format.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('../../contract/decision.ts').NodeDecision & { usedBy?: [number, number][] }} NodeDecision
 * @typedef {import('../../contract/decision.ts').ServiceDecision & { summary?: import('../../contract/decision-overview.ts').ReplicaSummary }} ServiceDecision
 * @typedef {Omit<Decision, 'nodes' | 'services'> & { nodes: NodeDecision[], services: ServiceDecision[] }} ShownDecision A
 * decision, or one of a large fleet, which has sums over its replicas.
 * @typedef {import('../../contract/finding.ts').Finding} Finding
 *
 * @typedef {object} Segment Part of a node's bar.
 * @property {string} key
 * @property {string} label
 * @property {'service' | 'background' | 'steal'} kind
 * @property {number} colour Which of the services' colours; 0 for the other kinds.
 * @property {number} cores
 *
 * @typedef {object} NodeRow
 * @property {string} name
 * @property {number} utilisation Busy fraction of the node's cores, 0 to 1.
 * @property {number} cores
 * @property {string} text
 * @property {boolean} stale
 * @property {Segment[]} segments
 *
 * @typedef {{ kind: 'quiet' | 'trouble', text: string }} Notice
 * @typedef {'connecting' | 'waiting' | 'live' | 'silent' | 'unreachable'} FeedState
 */

/** Below this a segment would be thinner than a line. */
const MIN_CORES = 0.002;

/** @param {{ namespace: string, name: string }} service */
export function serviceKey(service) {
  return `${service.namespace}/${service.name}`;
}

/**
 * What people set for each service. It differs between two decisions if a service was paused, resumed, added or removed,
 * or has another mode.
 * @param {ShownDecision} decision
 */
export function settingsOf(decision) {
  return JSON.stringify(decision.services.map((service) => [serviceKey(service), service.mode, service.paused?.since]));
}

/** @param {NodeDecision} node */
export function utilisation(node) {
  return node.cores > 0 ? node.busyCores / node.cores : 0;
}

/**
 * The nodes that balancing can level: with fresh reports and a replica. A gateway's node is none of them.
 * @param {ShownDecision} decision
 * @returns {NodeDecision[]}
 */
function balancedNodes(decision) {
  const withReplicas = new Set(decision.services.flatMap(({ replicas }) => replicas.map(({ node }) => node)));
  return decision.nodes.filter(
    ({ stale, usedBy, name }) => !stale && (usedBy ? usedBy.length > 0 : withReplicas.has(name)),
  );
}

/** @param {ShownDecision} decision */
export function meanUtilisation(decision) {
  const nodes = balancedNodes(decision);
  return nodes.length === 0 ? 0 : nodes.reduce((sum, node) => sum + utilisation(node), 0) / nodes.length;
}

/**
 * Colour number of each service, by the order of names. It does not change while the services stay.
 * @param {ShownDecision} decision
 * @returns {Map<string, number>}
 */
export function serviceColours(decision) {
  return new Map(
    decision.services
      .map(serviceKey)
      .toSorted()
      .map((key, index) => [key, index]),
  );
}

/**
 * Names of so many nodes at most: those whose name has the text, or all, and of these the busiest first.
 * @param {ShownDecision} decision
 * @param {number} limit
 * @param {string} text
 */
export function busiestNodes({ nodes }, limit, text) {
  const named = nodes.filter(({ name }) => name.includes(text.trim()));
  return (named.length > 0 ? named : nodes)
    .toSorted((a, b) => utilisation(b) - utilisation(a))
    .slice(0, limit)
    .map(({ name }) => name);
}

/**
 * @param {ShownDecision} decision
 * @returns {NodeRow[]} by name
 */
export function nodeRows(decision) {
  const used = coresByNode(decision);
  return decision.nodes
    .map((node) => ({
      name: node.name,
      utilisation: utilisation(node),
      cores: node.cores,
      text: node.stale ? 'silent' : `${cores(node.busyCores)} of ${cores(node.cores)} cores`,
      stale: node.stale,
      segments: [
        ...(used.get(node.name) ?? []),
        part('#background', 'neighbours', 'background', node.backgroundCores),
        part('#steal', 'taken by the hypervisor', 'steal', node.stealCores),
      ].filter((segment) => segment.cores >= MIN_CORES),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/**
 * @param {string} key
 * @param {string} label
 * @param {Segment['kind']} kind
 * @param {number} used cores
 * @returns {Segment}
 */
function part(key, label, kind, used) {
  return { key, label, kind, colour: 0, cores: used };
}

/**
 * Cores that each service uses of each node, in the order of colours.
 * @param {ShownDecision} decision
 * @returns {Map<string, Segment[]>}
 */
function coresByNode(decision) {
  const colours = serviceColours(decision);
  /** @type {Map<string, Map<string, Segment>>} */
  const nodes = new Map();
  for (const { name, usedBy } of decision.nodes) {
    if (usedBy) nodes.set(name, usedSegments(decision, usedBy, colours));
  }
  for (const service of decision.services) {
    if (service.summary) continue;
    const key = serviceKey(service);
    for (const { node, cpuCores } of service.replicas) {
      const segments = nodes.get(node) ?? new Map();
      nodes.set(node, segments);
      const before = segments.get(key)?.cores ?? 0;
      segments.set(key, {
        key,
        label: service.name,
        kind: 'service',
        colour: colours.get(key) ?? 0,
        cores: before + cpuCores,
      });
    }
  }
  return new Map(
    [...nodes].map(([node, segments]) => [node, [...segments.values()].toSorted((a, b) => a.colour - b.colour)]),
  );
}

/**
 * @param {ShownDecision} decision
 * @param {[number, number][]} usedBy
 * @param {Map<string, number>} colours
 * @returns {Map<string, Segment>}
 */
function usedSegments({ services }, usedBy, colours) {
  return new Map(
    usedBy.map(([index, used]) => {
      const service = services[index];
      const key = service ? serviceKey(service) : '';
      return [key, { key, label: service?.name ?? '', kind: 'service', colour: colours.get(key) ?? 0, cores: used }];
    }),
  );
}

/** @param {ServiceDecision} service */
export function replicaCount({ summary, replicas }) {
  return summary?.replicas ?? replicas.length;
}

/** @param {ServiceDecision} service */
function movingCount({ summary, replicas }) {
  return summary?.moving ?? replicas.filter(({ weight, previous }) => Math.abs(weight - previous) >= 0.0005).length;
}

/**
 * The summary at the top, as name, value and explanation.
 * @param {ShownDecision} decision
 * @returns {{ name: string, value: string, explanation: string }[]}
 */
export function summary(decision) {
  const mean = meanUtilisation(decision);
  const busiest = Math.max(0, ...balancedNodes(decision).map(utilisation));
  const replicas = decision.services.reduce((sum, service) => sum + replicaCount(service), 0);
  const moving = decision.services.reduce((sum, service) => sum + movingCount(service), 0);
  const requests = decision.services.reduce((sum, service) => sum + service.requestsPerSecond, 0);
  return [
    { name: 'Mean node CPU', value: percent(mean), explanation: 'mean busy fraction of the nodes with replicas' },
    {
      name: 'Busiest to mean',
      value: mean > 0 ? `${(busiest / mean).toFixed(2)}` : '–',
      explanation: '1.00: every node is equally busy',
    },
    { name: 'Requests', value: `${short(requests)}/s`, explanation: 'of all services, including calls between them' },
    { name: 'Weights moving', value: `${moving} of ${replicas}`, explanation: 'changed by the last decision' },
  ];
}

/**
 * The notice about the feed, if there is one.
 * @param {FeedState} state
 * @param {ShownDecision | undefined} decision
 * @param {number} ageMs age of the decision
 * @returns {Notice | undefined}
 */
export function notice(state, decision, ageMs) {
  if (state === 'unreachable') {
    const shown = decision ? ` The values below are ${age(ageMs)} old.` : '';
    return {
      kind: 'trouble',
      text: `The controller cannot be reached; trying again.${shown} Proxies use its last weights until those expire, then Istio balances.`,
    };
  }
  if (state === 'silent') {
    return { kind: 'trouble', text: `The controller has not decided anything for ${age(ageMs)}.` };
  }
  if (!decision) {
    if (state === 'connecting') return undefined;
    return { kind: 'quiet', text: 'The controller waits for the first reports of its agents.' };
  }
  if (decision.services.length === 0) return { kind: 'quiet', text: 'No service is balanced yet.' };
  return undefined;
}

/**
 * The line at the top: the notice about the feed, else the first finding, else that there are no problems.
 * @param {Notice | undefined} feedNotice
 * @param {readonly Finding[]} findings
 * @param {ShownDecision | undefined} decision
 * @returns {Notice}
 */
export function headline(feedNotice, findings, decision) {
  if (feedNotice) return feedNotice;
  const [first] = findings;
  if (first) return { kind: first.severity === 'trouble' ? 'trouble' : 'quiet', text: first.text };
  if (!decision) return { kind: 'quiet', text: 'Looking for the controller.' };
  const balanced = decision.services.filter(({ mode, paused }) => mode === 'Enforce' && !paused).length;
  return { kind: 'quiet', text: `No problems: ${balanced} of ${decision.services.length} services are balanced.` };
}

/**
 * The number of findings, as the label of a button; empty without findings.
 * @param {readonly Finding[]} findings
 */
export function findingCount(findings) {
  const troubles = findings.filter(({ severity }) => severity === 'trouble').length;
  const notices = findings.length - troubles;
  const parts = [counted(troubles, 'problem'), counted(notices, 'notice')].filter((part) => part !== '');
  return parts.join(', ');
}

/**
 * @param {number} count
 * @param {string} what
 */
function counted(count, what) {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}
