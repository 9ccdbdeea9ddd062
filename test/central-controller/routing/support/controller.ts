/** A controller that plans and writes against the cluster in memory, on a clock of its own. */
import type { DwellStarts } from '../../../../central-controller/routing/dwell-timers.ts';
import { ObservedIstioObjects } from '../../../../central-controller/routing/observed-routing.ts';
import type { Manifest } from '../../../../central-controller/kubernetes/manifest.ts';
import { planRouting, type RoutingPlan } from '../../../../central-controller/routing/plan-routing.ts';
import { withRoutable } from '../../../../central-controller/routing/routable.ts';
import { ModelCluster, type ModelState } from './model-cluster.ts';

export const RULE = 'DestinationRule shop/ballast-cart';
export const ROUTES = 'VirtualService shop/ballast-cart';
export const DELEGATE = 'VirtualService shop/ballast-cart.delegate';

export class Controller {
  readonly cluster = new ModelCluster();
  now = 1_000_000;
  #starts: DwellStarts | undefined;

  look(): RoutingPlan {
    const plan = planRouting(this.cluster.objects(), this.cluster.topology(), this.#starts, this.now);
    this.#starts = plan.starts;
    return plan;
  }

  /** Plans and writes once; returns what was written. */
  step(ms = 0): string[] {
    this.now += ms;
    const before = this.cluster.log.length;
    for (const { steps } of this.look().services.values()) for (const write of steps) this.cluster.write(write);
    return this.cluster.log.slice(before);
  }

  /** Goes on until nothing waits; returns what was written in which step of time. */
  settle(): string[][] {
    const written = [this.step()];
    for (let turn = 0; turn < 20; turn += 1) {
      const { nextAt } = this.look();
      if (nextAt === Infinity) break;
      this.now = Math.max(nextAt, this.now + 1);
      written.push(this.step());
    }
    return written.filter((step) => step.length > 0);
  }

  restart(): void {
    this.#starts = undefined;
  }

  /** Replicas that a table published now names, and the routing that it says. */
  table(): { routing: string; replicas: string[] } | undefined {
    const [service] = withRoutable(this.cluster.topology(), this.look().inForce).services;
    if (service?.mode !== 'Enforce') return undefined;
    return {
      routing: service.routing,
      replicas: service.replicas.filter(({ ready }) => ready).map(({ name }) => name),
    };
  }

  get observed() {
    return new ObservedIstioObjects(this.cluster.objects(), this.cluster.clusterDomain).of({
      namespace: 'shop',
      name: 'cart',
    });
  }
}

/** A policy whose objects are all written. */
export function settled(state: Partial<ModelState> = {}): Controller {
  const controller = new Controller();
  Object.assign(controller.cluster.state, state);
  controller.settle();
  controller.cluster.log.length = 0;
  return controller;
}

/** An object that somebody else wrote. */
export function foreign(kind: string, name: string, spec: object, labels: Record<string, string> = {}): Manifest {
  return { apiVersion: 'networking.istio.io/v1', kind, metadata: { name, namespace: 'shop', labels }, spec };
}
