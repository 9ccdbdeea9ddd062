/**
 * Replicas of a large fleet. Its decisions come as sums over replicas, and the page reads the replicas of the services that
 * it shows.
 */
import { service as readService } from './controller.js';
import { serviceKey } from './overview.js';

/**
 * @typedef {import('./overview.js').ShownDecision} ShownDecision
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 */

/** Requests for one decision. More services are not visible at the same time on any screen. */
const MAX_READ = 12;

/** Services whose replicas are kept, so that a service that was scrolled away comes back with rows. */
const MAX_KEPT = 200;

/** @param {ShownDecision} decision */
export function isOverview({ services }) {
  return services.some(({ summary }) => summary !== undefined);
}

export class Details {
  /** @type {Map<string, ReplicaDecision[]>} the service that was read last is the last */
  #known = new Map();

  /**
   * Puts replicas into the decision: of the wanted services new ones, of others those that were read before.
   * @param {ShownDecision} decision
   * @param {readonly string[]} wanted keys of services
   */
  async fill(decision, wanted) {
    const there = new Set(decision.services.map(serviceKey));
    const read = wanted.filter((key) => there.has(key)).slice(0, MAX_READ);
    await Promise.allSettled(
      read.map(async (key) => {
        const { replicas } = await readService(key);
        this.#known.delete(key);
        this.#known.set(key, replicas);
      }),
    );
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MAX_KEPT && there.has(key)) continue;
      this.#known.delete(key);
    }
    for (const service of decision.services) service.replicas = this.#known.get(serviceKey(service)) ?? [];
  }
}
