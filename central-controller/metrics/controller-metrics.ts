/** The controller's metrics for Prometheus, listed in docs/reference/metrics.md. */
import { Counter, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { RoutingPlan } from '../routing/plan-routing.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { registerProcessMetrics } from '../../contract/process-metrics.ts';
import type { ControllerState } from '../state.ts';
import { registerApiRequestMetrics } from './api-request-metrics.ts';
import { registerDecisionMetrics } from './decision-metrics.ts';
import { registerLoopMetrics } from './loop-metrics.ts';
import { registerPolicyMetrics } from './policy-metrics.ts';
import { registerRoutingMetrics } from './routing-metrics.ts';

/** Default limit of replicas with series of their own: at this number they take some hundred kB of a scrape. */
export const MAX_REPLICAS = 2_000;

/** The cluster behind an API server. */
export interface FollowedCluster {
  /** Origin of the API server. */
  readonly origin: string;
  /** Pending writes of routing objects. */
  plan(): RoutingPlan;
}

export class ControllerMetrics {
  readonly registry = new Registry();
  readonly #state: ControllerState;
  readonly #accepted: Counter;
  readonly #refused: Counter<'reason'>;
  readonly #fallen: Counter;
  readonly #defects: Counter;

  /** @param mostReplicas above this total number of replicas, none has series of its own */
  constructor(state: ControllerState, mostReplicas = MAX_REPLICAS) {
    const registers = [this.registry];
    this.#state = state;
    registerProcessMetrics(this.registry, 'central-controller', packageJson.version);
    registerLoopMetrics(this.registry, state);
    this.#defects = new Counter({
      name: 'ballast_decision_defects_total',
      help: 'Decisions that failed by a defect of Ballast; the one before stays in force',
      registers,
    });
    this.#accepted = new Counter({
      name: 'ballast_reports_accepted_total',
      help: 'Reports of agents that were taken in',
      registers,
    });
    this.#refused = new Counter({
      name: 'ballast_reports_refused_total',
      help: 'Reports of agents that were refused and changed nothing, by the code of the answer',
      labelNames: ['reason'],
      registers,
    });
    this.#fallen = new Counter({
      name: 'ballast_proxy_counters_fallen_total',
      help: 'Counters of replicas and proxies that fell and started anew',
      registers,
    });
    registerDecisionMetrics(this.registry, state, mostReplicas);
    registerPolicyMetrics(this.registry, state);
  }

  accepted(fallen: number): void {
    this.#accepted.inc();
    this.#fallen.inc(fallen);
  }

  refused(reason: ErrorCode): void {
    this.#refused.inc({ reason });
  }

  /** A decision failed. */
  defect(): void {
    this.#defects.inc();
  }

  /** Adds metrics of requests to the API server and of pending writes. */
  follow({ origin, plan }: FollowedCluster): () => void {
    registerRoutingMetrics(this.registry, () => (this.#state.isLeading ? plan() : undefined));
    return registerApiRequestMetrics(this.registry, origin, () => performance.now());
  }
}
