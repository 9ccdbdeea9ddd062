/** Time series of the last ten minutes: of all nodes, and of the replicas of one service. */
import { nodeHistory, replicaHistory } from './controller.js';
import { History } from './history.js';
import { serviceKey, utilisation } from './overview.js';

/** @typedef {import('../../contract/decision.ts').Decision} Decision */

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
    this.nodes.load(
      nodes.at,
      nodes.items.map(({ name, utilisation: values }) => ({ name, values })),
    );
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
      fresh.map((node) => [node.name, utilisation(node)]),
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
