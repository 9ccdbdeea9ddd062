/** What was published of each balanced port of a service, and what a decision changes of it. */
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import { proxyKey, qualifiedName, serviceHost } from '../../contract/names.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';
import { PublishedService } from './published-service.ts';

/**
 * Each version wakes the proxies that hold the service. A weight that moved by this fraction of an equal share is worth
 * that at once. Smaller moves never quite end while estimates are noisy; they wait for the next beat.
 */
const URGENT_MOVE = 0.1;

export interface Publication {
  readonly version: number;
  /** New services, and those whose replicas, routing or pinning changed. */
  readonly rows: readonly PublishedService[];
  /** Services of which only weights changed. */
  readonly weights: readonly PublishedService[];
}

interface Enforced {
  readonly key: string;
  readonly port: number;
  readonly source: ServiceTopology;
}

/** Whether enough is known of the service to weigh its replicas. */
export function isLearnt(service: ServiceDecision): boolean {
  return service.replicas.some(({ state }) => state === 'Active' || state === 'WarmingUp' || state === 'Degraded');
}

export class ServiceStore {
  readonly #published = new Map<string, PublishedService>();
  #nextId = 0;
  #topology: Topology | undefined;
  #enforced = new Map<string, Enforced>();

  get services(): Iterable<PublishedService> {
    return this.#published.values();
  }

  get(key: string): PublishedService | undefined {
    return this.#published.get(key);
  }

  /** Whether a policy enforces weights for this key, published or not yet. */
  isEnforced(key: string): boolean {
    return this.#enforced.has(key);
  }

  /** `<namespace>/<service>` of an enforced key. */
  serviceOf(key: string): string | undefined {
    const enforced = this.#enforced.get(key);
    return enforced && qualifiedName(enforced.source);
  }

  clear(): void {
    this.#published.clear();
    this.#topology = undefined;
    this.#enforced.clear();
  }

  /** Takes over which services are enforced. Returns the keys that no longer are. */
  followTopology(topology: Topology): readonly string[] {
    if (this.#topology === topology) return [];
    this.#topology = topology;
    const before = this.#enforced;
    this.#enforced = new Map();
    for (const source of topology.services) {
      if (source.mode !== 'Enforce') continue;
      for (const port of source.ports) {
        const key = proxyKey(port, serviceHost(source.namespace, source.name, topology.clusterDomain));
        this.#enforced.set(key, { key, port, source });
      }
    }
    const removed = [...before.keys()].filter((key) => !this.#enforced.has(key));
    for (const key of removed) this.#published.delete(key);
    return removed;
  }

  /**
   * Publishes what the decision changes; undefined if nothing changes.
   *
   * @param isPublished services that may be published
   * @param isBeat small moves are due
   */
  publish(
    decision: Decision,
    isPublished: (service: ServiceDecision) => boolean,
    isBeat: boolean,
    version: number,
  ): Publication | undefined {
    const decided = new Map(decision.services.map((service) => [qualifiedName(service), service]));
    const rows: PublishedService[] = [];
    const weights: PublishedService[] = [];
    for (const { key, port, source } of this.#enforced.values()) {
      const service = decided.get(qualifiedName(source));
      if (service === undefined || !isPublished(service)) continue;
      const published = this.#published.get(key) ?? this.#add(key);
      if (published.follow(source, port, service)) {
        rows.push(published);
      } else {
        const moved = published.distance();
        if (moved < URGENT_MOVE && !(isBeat && moved > 0)) continue;
        weights.push(published);
      }
      published.publish(version);
    }
    return rows.length + weights.length > 0 ? { version, rows, weights } : undefined;
  }

  #add(key: string): PublishedService {
    const published = new PublishedService(this.#nextId++, key);
    this.#published.set(key, published);
    return published;
  }
}
