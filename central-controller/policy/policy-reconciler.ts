/**
 * After each decision: writes the routing objects that policies need, then the status and events of policies. A refusal
 * by the API server does not stop decisions.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { ServiceTopology } from '../model/topology.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { Observed, ObservedObjects } from '../kubernetes/observed-objects.ts';
import { EventWriter } from './event-writer.ts';
import { eventsOfChange, eventsOfWrites } from './events.ts';
import type { PolicyFacts } from './conditions.ts';
import { deriveStatus } from './derive-status.ts';
import { StatusWriter } from './status-writer.ts';
import type { KubernetesWriter } from '../kubernetes/kubernetes-writer.ts';
import type { ObservedCluster, RoutedCluster } from '../routing/routed-cluster.ts';
import { RouteWriter, type WriteDone } from '../routing/route-writer.ts';
import { targetService } from '../cluster/target-service.ts';

/**
 * After a takeover, keep the previous leader's status for up to this long before overwriting it: agents need a moment to
 * report to the new leader.
 */
const TAKEOVER_MS = 10_000;

export interface ReconcilerOptions {
  readonly observed: ObservedCluster;
  /** The same cluster with the routing that is in force, as the control loop reads it. */
  readonly routed: RoutedCluster;
  readonly writer: KubernetesWriter;
  /** ms since 1970, never stepping back. */
  readonly now: () => number;
  /** The API server refused a write. */
  readonly onRefusal: (message: string) => void;
  /** A defect ended this round. The next decision starts another. */
  readonly onDefect: (error: unknown) => void;
}

type Policy = Observed<LoadBalancingPolicy>;

/** What one round is about. */
interface Round {
  readonly objects: ObservedObjects;
  /** By `namespace/name`. */
  readonly topology: ReadonlyMap<string, ServiceTopology>;
  readonly decision: Decision;
}

export class PolicyReconciler {
  readonly #options: ReconcilerOptions;
  readonly #routes: RouteWriter;
  readonly #statuses: StatusWriter;
  readonly #events: EventWriter;
  /** The last decision that changed weights, by `namespace/name` of the service. */
  readonly #lastDecisions = new Map<string, { readonly at: number; readonly tick: number }>();
  /** When this controller began to lead, ms since 1970. */
  #leadsSince = -Infinity;
  #isBusy = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#routes = new RouteWriter(options.writer, options.now);
    this.#statuses = new StatusWriter(options.writer, options.now);
    this.#events = new EventWriter(options.writer, options.now);
  }

  /**
   * Called after each decision of the leader; never throws. While a round runs, the call only notes the decision.
   * @param previous the decision before under the same leader
   */
  async reconcile(decision: Decision, previous: Decision | undefined): Promise<void> {
    if (!previous) this.#leadsSince = decision.at;
    this.#note(decision);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const done = await this.#routes.write(this.#options.routed.plan());
      for (const { outcome } of done) if (!outcome.ok) this.#options.onRefusal(outcome.message);
      await this.#report(decision, done);
    } catch (error) {
      this.#options.onDefect(error);
    } finally {
      this.#isBusy = false;
    }
  }

  #note({ at, tick, services }: Decision): void {
    for (const service of services)
      if (isChanged(service)) this.#lastDecisions.set(qualifiedName(service), { at, tick });
    const known = new Set(services.map(qualifiedName));
    for (const key of this.#lastDecisions.keys()) if (!known.has(key)) this.#lastDecisions.delete(key);
  }

  async #report(decision: Decision, done: readonly WriteDone[]): Promise<void> {
    const objects = this.#options.observed.objects();
    this.#statuses.keepOnly(objects.policies);
    const problems = this.#options.observed.problems();
    const topology = new Map(this.#options.observed.read().services.map((each) => [qualifiedName(each), each]));
    // All facts are of one moment: the cluster changes while statuses are written.
    const known = objects.policies
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((policy) => {
        const own = problems.filter((problem) => problem.policy === qualifiedName(policy.metadata));
        return this.#factsOf(policy, { objects, topology, decision }, own);
      });
    for (const facts of known) {
      const { policy } = facts;
      const before = this.#statuses.current(policy);
      const next = deriveStatus(facts, before, this.#options.now());
      const outcome = this.#isTooEarly(decision, next) ? undefined : await this.#statuses.write(policy, next);
      if (outcome?.ok === false) {
        this.#options.onRefusal(`status of ${qualifiedName(policy.metadata)}: ${outcome.message}`);
      }
      const own = facts.problems.length === 0 ? done.filter(({ service }) => service === facts.service) : [];
      const news = outcome?.ok ? eventsOfChange(before, next) : [];
      for (const event of [...eventsOfWrites(own), ...news]) await this.#events.write(policy, event);
    }
  }

  /** Reports may be missing only because this controller took over a moment ago. */
  #isTooEarly({ at }: Decision, { balancedReplicas = 0, readyReplicas = 0 }: PolicyStatus): boolean {
    return at - this.#leadsSince < TAKEOVER_MS && balancedReplicas < readyReplicas;
  }

  #factsOf(policy: Policy, { objects, topology, decision }: Round, problems: readonly ObjectProblem[]): PolicyFacts {
    const { routed } = this.#options;
    const target = targetService(policy, objects);
    const service = 'reason' in target ? undefined : qualifiedName(target.metadata);
    const isOwn = service !== undefined && !problems.some(({ kind }) => kind === policy.kind);
    return {
      policy,
      problems,
      service,
      topology: isOwn ? topology.get(service) : undefined,
      plan: isOwn ? routed.plan().services.get(service) : undefined,
      writeFailure: isOwn ? this.#routes.failures.get(service)?.message : undefined,
      decision,
      lastDecision: isOwn ? this.#lastDecisions.get(service) : undefined,
    };
  }
}

function isChanged({ replicas }: ServiceDecision): boolean {
  return replicas.some(({ weight, previous }) => weight !== previous);
}
