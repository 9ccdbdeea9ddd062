import { expect, it } from 'vitest';
import { joinTopology } from '../../../central-controller/cluster/join.ts';
import type { ObservedObjects } from '../../../central-controller/kubernetes/observed-objects.ts';
import { PolicyReconciler } from '../../../central-controller/policy/policy-reconciler.ts';
import { deriveStatus } from '../../../central-controller/policy/derive-status.ts';
import { type ObservedCluster, RoutedCluster } from '../../../central-controller/routing/routed-cluster.ts';
import type { Decision } from '../../../contract/decision.ts';
import type { PolicyStatus } from '../../../contract/policy-status.ts';
import { decisionOn, type Made } from '../cluster/decisions.ts';
import { type Controller, settled } from '../routing/support/controller.ts';

const START = Date.UTC(2026, 0, 1);

/** A policy in a cluster where all is written, its present status, and the events from then on. */
class Reporting {
  readonly said: string[] = [];
  #now = START;
  #previous: Decision | undefined;
  readonly #objects: ObservedObjects;
  readonly #routed: RoutedCluster;
  readonly #reconciler: PolicyReconciler;

  constructor(isBalanced: boolean, controller: Controller = settled({ routing: 'Endpoint' })) {
    const objects = controller.cluster.objects();
    const { topology } = joinTopology(objects, new Map());
    const [policy] = objects.policies;
    if (!policy) throw new Error('the model has a policy');
    const facts = {
      policy,
      problems: [],
      service: 'shop/cart',
      topology: topology.services[0],
      plan: controller.look().services.get('shop/cart'),
      writeFailure: undefined,
      decision: decisionOn(topology, START),
      lastDecision: undefined,
    };
    const status = isBalanced && { status: deriveStatus(facts, undefined, START) };
    this.#objects = { ...objects, policies: [{ ...policy, ...status }] };
    const observed: ObservedCluster = {
      isSynced: true,
      objects: () => this.#objects,
      problems: () => [],
      read: () => topology,
      policies: () => [],
      onChange: () => undefined,
      close: () => Promise.resolve(),
    };
    this.#routed = new RoutedCluster(observed, () => this.#now);
    this.#reconciler = new PolicyReconciler({
      observed,
      routed: this.#routed,
      writer: {
        apply: (object) => {
          const { type, reason } = object as { type?: string; reason?: string };
          this.said.push(`${object.kind} ${type} ${reason}`);
          return Promise.resolve({ ok: true });
        },
        delete: () => Promise.resolve({ ok: true }),
        applyStatus: (_policy, next) => {
          const found = (next as PolicyStatus).conditions?.find(({ type }) => type === 'Ready');
          this.said.push(`status ${found?.status} ${found?.reason}`);
          return Promise.resolve({ ok: true });
        },
      },
      now: () => this.#now,
      onRefusal: (message) => this.said.push(message),
      onDefect: (error) => {
        throw error;
      },
    });
  }

  /** Begins to lead, as a controller that knows nothing. */
  leads(): void {
    this.#previous = undefined;
  }

  /** Decides four times a second for so long; returns what was said meanwhile. */
  async decide(seconds: number, made: Made): Promise<string[]> {
    this.said.length = 0;
    for (const until = this.#now + seconds * 1000; this.#now < until; this.#now += 250) {
      const decision = decisionOn(this.#routed.read(), this.#now, made);
      await this.#reconciler.reconcile(decision, this.#previous);
      this.#previous = decision;
    }
    return [...this.said];
  }
}

const UNHEARD: Made = { state: 'Learning', requestsPerSecond: 0, silent: ['node'] };
const LEARNING: Made = { state: 'Learning', requestsPerSecond: 5 };

it('a new leader keeps the previous status until it knows as much', async () => {
  const reporting = new Reporting(true);
  for (const _takeover of [1, 2]) {
    reporting.leads();
    expect(await reporting.decide(1, UNHEARD)).toEqual([]);
    expect(await reporting.decide(4, LEARNING)).toEqual([]);
    expect(await reporting.decide(20, {})).toEqual([]);
  }
});

it('agents that stay silent are told of ten seconds after the lead began', async () => {
  const reporting = new Reporting(true);
  expect(await reporting.decide(9, UNHEARD)).toEqual([]);
  expect(await reporting.decide(2, UNHEARD)).toEqual(['status False AgentsSilent', 'Event Warning AgentsSilent']);
});

it('agents that fall silent later are told of at once', async () => {
  const reporting = new Reporting(true);
  await reporting.decide(1, {});
  await reporting.decide(15, {});
  expect(await reporting.decide(1, UNHEARD)).toEqual(['status False AgentsSilent', 'Event Warning AgentsSilent']);
});

it('a policy without a status gets one as soon as its service is known', async () => {
  const reporting = new Reporting(false);
  expect(await reporting.decide(1, UNHEARD)).toEqual([]);
  expect(await reporting.decide(1, {})).toContain('status True Balanced');
});
