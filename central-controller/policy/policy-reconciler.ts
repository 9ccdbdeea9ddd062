/**
 * Brings the cluster to what policies ask for, and policies' status and events to what is: after each decision, from
 * everything that is known then. Whatever the API server does or leaves undone, decisions go on.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { Observed, ObservedObjects } from '../kubernetes/observed-objects.ts';
import { EventWriter } from './event-writer.ts';
import { eventsOfChange, eventsOfWrites } from './events.ts';
import { type PolicyFacts, policyStatus } from './policy-status.ts';
import { StatusWriter } from './status-writer.ts';
import type { KubernetesWriter } from '../kubernetes/kubernetes-writer.ts';
import type { ObservedCluster, RoutedCluster } from '../routing/routed-cluster.ts';
import { RouteWriter, type WriteDone } from '../routing/route-writer.ts';
import { targetService } from '../cluster/target-service.ts';

/**
 * Whoever begins to lead knows nothing yet. For so long at most it leaves standing what an earlier controller said of a
 * policy, lest each takeover tell of silent agents that only have to come over.
 */
const KNOWS_AFTER_MS = 10_000;

export interface ReconcilerParts {
  readonly observed: ObservedCluster;
  /** The same cluster as the control loop reads it. */
  readonly routed: RoutedCluster;
  readonly writer: KubernetesWriter;
  /** ms since 1970, never stepping back. */
  readonly now: () => number;
  /** What the API server refused, for the log. */
  readonly onRefusal: (message: string) => void;
  /** A defect: this round is given up, the next begins anew. */
  readonly onDefect: (error: unknown) => void;
}

type Policy = Observed<LoadBalancingPolicy>;

export class PolicyReconciler {
  readonly #parts: ReconcilerParts;
  readonly #routes: RouteWriter;
  readonly #statuses: StatusWriter;
  readonly #events: EventWriter;
  /** The last decision that changed weights, by `namespace/name` of the service. */
  readonly #lastDecisions = new Map<string, { readonly at: number; readonly tick: number }>();
  /** When this controller began to lead, as far as that was seen, ms since 1970. */
  #leadsSince = -Infinity;
  #isBusy = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#routes = new RouteWriter(parts.writer, parts.now);
    this.#statuses = new StatusWriter(parts.writer, parts.now);
    this.#events = new EventWriter(parts.writer, parts.now);
  }

  /**
   * To be called after each decision of a controller that leads, `previous` being the one before under the same lead;
   * never throws. While a round is still under way, the call only notes the decision.
   */
  async reconcile(decision: Decision, previous: Decision | undefined): Promise<void> {
    if (!previous) this.#leadsSince = decision.at;
    this.#note(decision);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const done = await this.#routes.write(this.#parts.routed.plan());
      for (const { outcome } of done) if (!outcome.ok) this.#parts.onRefusal(outcome.message);
      await this.#report(decision, done);
    } catch (error) {
      this.#parts.onDefect(error);
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
    const objects = this.#parts.observed.objects();
    this.#statuses.keepOnly(objects.policies);
    const problems = this.#parts.observed.problems();
    // All from one moment: while one status is written, the cluster moves on, and a policy seen before with a topology
    // seen after would tell of what never was.
    const known = objects.policies
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((policy) => {
        const own = problems.filter((problem) => problem.policy === qualifiedName(policy.metadata));
        return this.#factsOf(policy, objects, decision, own);
      });
    for (const facts of known) {
      const { policy } = facts;
      const before = this.#statuses.standing(policy);
      const next = policyStatus(facts, before, this.#parts.now());
      const outcome = this.#isTooEarly(decision, next) ? undefined : await this.#statuses.write(policy, next);
      if (outcome?.ok === false) {
        this.#parts.onRefusal(`status of ${qualifiedName(policy.metadata)}: ${outcome.message}`);
      }
      const own = facts.problems.length === 0 ? done.filter(({ service }) => service === facts.service) : [];
      const news = outcome?.ok ? eventsOfChange(before, next) : [];
      for (const event of [...eventsOfWrites(own), ...news]) await this.#events.write(policy, event);
    }
  }

  /** Agents, proxies or requests of some replica may be missed only because they have not been heard by this controller. */
  #isTooEarly({ at }: Decision, { balancedReplicas = 0, readyReplicas = 0 }: PolicyStatus): boolean {
    return at - this.#leadsSince < KNOWS_AFTER_MS && balancedReplicas < readyReplicas;
  }

  #factsOf(
    policy: Policy,
    objects: ObservedObjects,
    decision: Decision,
    problems: readonly ObjectProblem[],
  ): PolicyFacts {
    const { observed, routed } = this.#parts;
    const target = targetService(policy, objects);
    const service = 'reason' in target ? undefined : qualifiedName(target.metadata);
    const isOwn = service !== undefined && !problems.some(({ kind }) => kind === policy.kind);
    return {
      policy,
      problems,
      service,
      topology: isOwn ? observed.read().services.find((each) => qualifiedName(each) === service) : undefined,
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
