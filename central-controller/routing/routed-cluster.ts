/** The cluster with the routing that is in force, and the plan towards the desired routing. */
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { ObservedObjects } from '../kubernetes/observed-objects.ts';
import type { Cluster, KnownPolicy, Topology } from '../model/topology.ts';
import { planRouting, type RoutingPlan } from './plan-routing.ts';
import { withRoutable } from './routable.ts';

const NO_PLAN: RoutingPlan = { services: new Map(), inForce: new Map(), starts: new Map(), nextAt: Infinity };

/** A cluster that also gives the objects behind its topology. */
export interface ObservedCluster extends Cluster {
  /** All kinds were listed once. Before, an object that is missing may only not have been seen yet. */
  readonly isSynced: boolean;
  /** The same value until something changes. */
  objects(): ObservedObjects;
  problems(): readonly ObjectProblem[];
}

/** Stands between the watched cluster and the control loop: a replica is ready once requests can be led to it. */
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
    return this.#planNow().topology;
  }

  policies(): readonly KnownPolicy[] {
    return this.#cluster.policies();
  }

  plan(): RoutingPlan {
    return this.#planNow().plan;
  }

  onChange(changed: () => void): void {
    this.#cluster.onChange(changed);
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** Plans again only when an object changed or a timer ran out. */
  #planNow() {
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
