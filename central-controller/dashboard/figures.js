/** Figures of the last ten minutes: of all nodes, and of the replicas of one service. */
import { nodeHistory, replicaHistory } from './controller.js';
import { History } from './history.js';
import { serviceKey, utilisation } from './overview.js';

/** @typedef {import('../../contract/decision.ts').Decision} Decision */

export class Figures {
  nodes = new History();
  weights = new History();
  cpu = new History();
  /** `<namespace>/<name>`; empty: none is chosen. */
  service = '';

  /** Reads anew what the controller kept. Where it does not answer, charts fill as decisions come. */
  async load() {
    const service = this.service;
    const [nodes, replicas] = await Promise.all([nodeHistory(), service === '' ? undefined : replicaHistory(service)]);
    this.nodes.load(
      nodes.at,
      nodes.items.map(({ name, utilisation: values }) => ({ name, values })),
    );
    // Another one may have been chosen meanwhile.
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
   * @returns {boolean} whether a step began
   */
  add({ at, nodes, services }) {
    const heard = nodes.filter(({ stale }) => !stale);
    const began = this.nodes.add(
      at,
      heard.map((node) => [node.name, utilisation(node)]),
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
