/** Time series of the last ten minutes: of all nodes, and of the replicas of one service. */
import { nodeHistory, replicaHistory } from './controller.js';
import { History } from './history.js';
import { serviceKey, utilisation } from './overview.js';

/** @typedef {import('./overview.js').ShownDecision} Decision */

/** With more nodes the chart shows the busiest, the mean and the least busy. */
const MAX_NODE_LINES = 60;

/**
 * Utilisation of each node, or of many nodes the extremes and the mean.
 * @param {readonly (readonly [string, number | null])[]} nodes
 * @param {number} count of all nodes, silent ones too
 * @returns {readonly (readonly [string, number | null])[]}
 */
function nodeLines(nodes, count) {
  if (count <= MAX_NODE_LINES) return nodes;
  const known = nodes.flatMap(([, value]) => (value === null ? [] : [value]));
  if (known.length === 0) return [];
  return [
    ['busiest', Math.max(...known)],
    ['mean', known.reduce((sum, value) => sum + value, 0) / known.length],
    ['least busy', Math.min(...known)],
  ];
}

export class Figures {
  nodes = new History();
  weights = new History();
  cpu = new History();
  /** `<namespace>/<name>` of the chosen service; empty: none. */
  service = '';

  /** Loads the time series of the controller. If that fails, the charts fill with new decisions. */
  async load() {
    const service = this.service;
    const [nodes, replicas] = await Promise.all([nodeHistory(), service === '' ? undefined : replicaHistory(service)]);
    this.nodes.load(nodes.at, linesOf(nodes));
    // The user may have chosen another service meanwhile.
    if (!replicas || service !== this.service) return;
    const { at, items } = replicas;
    this.weights.load(
      at,
      items.map(({ name, weight: values }) => ({ name, values })),
    );
    this.cpu.load(
      at,
      items.map(({ name, cpuCores: values }) => ({ name, values })),
    );
  }

  /** @param {string} service */
  choose(service) {
    this.service = service;
    this.weights.clear();
    this.cpu.clear();
  }

  /**
   * @param {Decision} decision
   * @returns {boolean} whether a time step began
   */
  add({ at, nodes, services }) {
    const fresh = nodes.filter(({ stale }) => !stale);
    const began = this.nodes.add(
      at,
      nodeLines(
        fresh.map((node) => [node.name, utilisation(node)]),
        nodes.length,
      ),
    );
    const replicas = services.find((service) => serviceKey(service) === this.service)?.replicas ?? [];
    this.weights.add(
      at,
      replicas.map(({ name, weight }) => [name, weight]),
    );
    this.cpu.add(
      at,
      replicas.map(({ name, cpuCores }) => [name, cpuCores]),
    );
    return began;
  }
}

/** @param {{ at: number[], items: import('../../contract/time-series.ts').NodeFigures[] }} nodes */
function linesOf({ at, items }) {
  if (items.length <= MAX_NODE_LINES) return items.map(({ name, utilisation: values }) => ({ name, values }));
  /** @type {Map<string, (number | null)[]>} */
  const lines = new Map();
  for (const index of at.keys()) {
    const values = items.map(({ name, utilisation: own }) => /** @type {const} */ ([name, own[index] ?? null]));
    for (const [name, value] of nodeLines(values, items.length)) {
      const line = lines.get(name) ?? at.map(() => null);
      lines.set(name, line);
      line[index] = value;
    }
  }
  return [...lines].map(([name, values]) => ({ name, values }));
}
