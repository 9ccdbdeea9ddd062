/** The cluster as decisions may count on it: with the routing that is in force, and the plan towards the one wanted. */
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { ObservedObjects } from '../kubernetes/observed-objects.ts';
import type { Cluster, KnownPolicy, Topology } from '../model/topology.ts';
import { planRouting, type RoutingPlan } from './plan-routing.ts';
import { withRoutable } from './routable.ts';

const NO_PLAN: RoutingPlan = { services: new Map(), inForce: new Map(), starts: new Map(), nextAt: Infinity };

/** A cluster of which the objects behind the topology can be seen too. */
export interface ObservedCluster extends Cluster {
  /** Everything has been seen once: before that, what is missing may only not have been seen yet. */
  readonly isSynced: boolean;
  /** The same value until something changes. */
  objects(): ObservedObjects;
  problems(): readonly ObjectProblem[];
}

/** Put between the watched cluster and the control loop: a replica counts as ready once requests can be led to it. */
export class RoutedCluster implements Cluster {
  readonly #cluster: ObservedCluster;
  readonly #now: () => number;
  #planned: { readonly objects: ObservedObjects; readonly plan: RoutingPlan; readonly topology: Topology } | undefined;

  /** @param now ms of a clock that never steps back */
  constructor(cluster: ObservedCluster, now: () => number) {
    this.#cluster = cluster;
    this.#now = now;
  }

  read(): Topology {
    return this.#look().topology;
  }

  policies(): readonly KnownPolicy[] {
    return this.#cluster.policies();
  }

  /** What is to be written next, as things stand now. */
  plan(): RoutingPlan {
    return this.#look().plan;
  }

  onChange(changed: () => void): void {
    this.#cluster.onChange(changed);
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** Anew only when something changed, or something has waited long enough. */
  #look() {
    const objects = this.#cluster.objects();
    const before = this.#planned;
    const now = this.#now();
    if (before?.objects === objects && now < before.plan.nextAt) return before;
    const whole = this.#cluster.read();
    if (!this.#cluster.isSynced) return { objects, plan: NO_PLAN, topology: whole };
    const plan = planRouting(objects, whole, before?.plan.starts, now);
    this.#planned = { objects, plan, topology: withRoutable(whole, plan.inForce) };
    return this.#planned;
  }
}
