import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { joinTopology } from '../../../central-controller/cluster/join.ts';
import { eventObject, eventsOfChange } from '../../../central-controller/policy/events.ts';
import type { PolicyFacts } from '../../../central-controller/policy/conditions.ts';
import { deriveStatus } from '../../../central-controller/policy/derive-status.ts';
import { planRouting } from '../../../central-controller/routing/plan-routing.ts';
import { PolicyStatus } from '../../../contract/policy-status.ts';
import { ModelCluster } from '../routing/support/model-cluster.ts';
import { decisionOn, type Made } from '../cluster/decisions.ts';

const NOW = Date.UTC(2026, 0, 1);

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`there are ${items.length}`);
  return item;
}

/** Facts as they follow from the model once all is written, with some of them different. */
function facts(cluster = new ModelCluster(), other: Partial<PolicyFacts> = {}): PolicyFacts {
  for (let round = 0; round < 3; round += 1) {
    // Nothing is remembered from round to round: what stands has stood for ever.
    for (const { steps } of plan(cluster).services.values()) for (const step of steps) cluster.write(step);
  }
  const objects = cluster.objects();
  const { topology, problems } = joinTopology(objects, new Map());
  return {
    policy: only(objects.policies),
    problems,
    service: 'shop/cart',
    topology: topology.services[0],
    plan: plan(cluster).services.get('shop/cart'),
    writeFailure: undefined,
    decision: decisionOn(topology, NOW),
    lastDecision: { at: NOW, tick: 7 },
    ...other,
  };
}

function plan(cluster: ModelCluster) {
  return planRouting(cluster.objects(), cluster.topology(), undefined, NOW);
}

function conditions(given: PolicyFacts): Record<string, string> {
  const status = deriveStatus(given, undefined, NOW);
  expect(Value.Check(PolicyStatus, status)).toBe(true);
  return Object.fromEntries((status.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));
}

function ready(given: PolicyFacts): string {
  return deriveStatus(given, undefined, NOW).conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
}

function model(state: Partial<ModelCluster['state']>, other: Partial<ModelCluster> = {}): ModelCluster {
  const cluster = Object.assign(new ModelCluster(), other);
  Object.assign(cluster.state, state);
  return cluster;
}

it('a problem that costs only a part of the service is told where the policy is accepted', () => {
  const problem = { kind: 'Service', name: 'shop/cart', policy: 'shop/cart', text: 'spec.ports[1].targetPort: no' };
  const message = (count: number): string | undefined =>
    deriveStatus(facts(undefined, { problems: Array.from({ length: count }, () => problem) }), undefined, NOW)
      .conditions?.filter(({ type, status }) => type === 'Accepted' && status === 'True')
      .map((condition) => condition.message)[0];
  expect(message(1)).toBe(
    'The target was found and can be balanced, but for Service shop/cart: spec.ports[1].targetPort: no',
  );
  expect(message(3)).toContain("spec.ports[1].targetPort: no, and 2 more: the controller's log has them");
});

describe('the conditions of a policy', () => {
  it('say that all is well', () => {
    expect(deriveStatus(facts(), undefined, NOW)).toMatchObject({
      service: 'cart',
      replicas: 3,
      readyReplicas: 3,
      balancedReplicas: 3,
      balanced: '3/3',
      routing: 'Subset',
      lastDecision: { time: '2026-01-01T00:00:00Z', tick: 7 },
    });
    expect(conditions(facts())).toEqual({ Accepted: 'True Accepted', Routed: 'True Routed', Ready: 'True Balanced' });
  });

  it.each([
    ['Observe', 'False NotEnforced', 'True Observing'],
    ['Off', 'False NotEnforced', 'False Off'],
  ] as const)('know mode %s', (mode, routed, readiness) => {
    expect(conditions(facts(model({ mode })))).toEqual({ Accepted: 'True Accepted', Routed: routed, Ready: readiness });
  });

  it('put the first thing to mend into Ready', () => {
    expect(conditions(facts(model({}, { knowsIstio: false })))).toEqual({
      Accepted: 'True Accepted',
      Routed: 'False IstioNotFound',
      Ready: 'False IstioNotFound',
    });
    expect(conditions(facts(model({}), { writeFailure: 'apply X: forbidden' }))).toMatchObject({
      Ready: 'False WriteFailed',
    });
    expect(conditions(facts(model({ pods: [] })))).toMatchObject({ Ready: 'False NoReplicas' });
  });

  it('are not yet there while routing is written', () => {
    const cluster = model({});
    const before = plan(cluster).services.get('shop/cart');
    expect(conditions(facts(cluster, { plan: before }))).toMatchObject({ Ready: 'False InProgress' });
  });

  it('say what keeps the service from being known', () => {
    const given = facts();
    const topology = new ModelCluster().topology();
    const unheard = { ...given, decision: decisionOn(topology, NOW, { state: 'Stale', silent: ['node'] }) };
    expect(conditions(unheard)).toMatchObject({ Ready: 'False AgentsSilent' });
    expect(ready(unheard)).toContain('No agent reports from node');
    const unused = { ...given, decision: decisionOn(topology, NOW, { state: 'Learning', requestsPerSecond: 0 }) };
    expect(conditions(unused)).toMatchObject({ Ready: 'False Learning' });
    expect(ready(unused)).toContain('No proxy has reported a request yet');
  });

  describe('of a service that is called seldom', () => {
    const given = facts();
    const quiet: Made = { state: 'Learning', requestsPerSecond: 0 };

    /** `Ready` after each of these decisions in turn, each status present when the next one is made. */
    function inTurn(decisions: readonly Made[], mode: 'Enforce' | 'Observe' = 'Enforce'): string[] {
      const own = mode === 'Enforce' ? given : facts(model({ mode }));
      let before: PolicyStatus | undefined;
      return decisions.map((made) => {
        before = deriveStatus({ ...own, decision: decisionOn(new ModelCluster().topology(), NOW, made) }, before, NOW);
        const found = before.conditions?.find(({ type }) => type === 'Ready');
        return `${found?.status} ${found?.reason}`;
      });
    }

    it('stay True once it was learnt, under any leader', () => {
      expect(inTurn([{}, quiet, { ...quiet, requestsPerSecond: 0.3 }, {}])).toEqual([
        'True Balanced',
        'True Idle',
        'True Idle',
        'True Balanced',
      ]);
      expect(inTurn([{}, quiet], 'Observe')).toEqual(['True Observing', 'True Idle']);
    });

    it('are the same again when an agent is back, unless it was never learnt', () => {
      const measured = { ...quiet, cpuPerRequestSeconds: 0.01 };
      const away = { ...measured, silent: ['node'] };
      expect(inTurn([{}, away, measured])).toEqual(['True Balanced', 'False AgentsSilent', 'True Idle']);
      expect(inTurn([quiet, measured])).toEqual(['False Learning', 'False Learning']);
    });

    it('tell it from one that was never called, also where no status stands', () => {
      expect(inTurn([quiet, quiet])).toEqual(['False Learning', 'False Learning']);
      const idle = {
        ...given,
        decision: decisionOn(new ModelCluster().topology(), NOW, { ...quiet, cpuPerRequestSeconds: 0.01 }),
      };
      expect(conditions(idle)).toMatchObject({ Ready: 'True Idle' });
      expect(ready(idle)).toContain('Too few requests came lately');
    });

    it('are not taken for it where requests come, or proxies fell silent', () => {
      expect(inTurn([{}, { ...quiet, requestsPerSecond: 50 }, quiet])).toEqual([
        'True Balanced',
        'False Unmeasured',
        'False Learning',
      ]);
      const silent = { state: 'Stale', requestsPerSecond: 20, cpuPerRequestSeconds: 0.01 } as const;
      expect(inTurn([{}, silent, { ...silent, state: 'Learning', requestsPerSecond: 0 }])).toEqual([
        'True Balanced',
        'False Learning',
        'False Learning',
      ]);
    });
  });

  it('name the gateways that choose no replica', () => {
    const given = facts();
    if (!given.plan) throw new Error('the service is planned');
    const { conditions: found } = deriveStatus(
      { ...given, plan: { ...given.plan, bareGateways: ['shop/ingress'] } },
      undefined,
      NOW,
    );
    expect(found?.[1]?.message).toContain('VirtualService shop/ingress choose no replica');
  });

  it('keep the time at which they last changed', () => {
    const first = deriveStatus(facts(), undefined, NOW);
    const later = deriveStatus(facts(), first, NOW + 60_000);
    expect(later.conditions).toEqual(first.conditions);
    const off = deriveStatus(facts(model({ mode: 'Off' })), first, NOW + 60_000);
    expect(off.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:01:00Z',
      '2026-01-01T00:01:00Z',
    ]);
  });

  it.each([
    ['TargetNotFound', { statefulSets: [] }],
    ['ServiceNotFound', { services: [] }],
    ['InvalidService', 'no selector'],
    ['Conflict', 'a second policy'],
  ] as const)('tell %s by what was found', (reason, change) => {
    const objects = new ModelCluster().objects();
    const [policy, [service]] = [only(objects.policies), objects.services];
    const twin = { ...policy, metadata: { ...policy.metadata, name: 'twin' } };
    const changed =
      change === 'a second policy'
        ? { policies: [twin, policy] }
        : change === 'no selector'
          ? { services: service ? [{ ...service, spec: { ...service.spec, selector: {} } }] : [] }
          : change;
    const { problems } = joinTopology({ ...objects, ...changed }, new Map());
    const own = problems.filter((problem) => problem.policy === 'shop/cart');
    expect(conditions(facts(new ModelCluster(), { problems: own }))).toEqual({
      Accepted: `False ${reason}`,
      Routed: 'False NotAccepted',
      Ready: `False ${reason}`,
    });
  });
});

describe('events', () => {
  it('tell of each finding that is new, once', () => {
    const well = deriveStatus(facts(), undefined, NOW);
    const events = eventsOfChange(undefined, well);
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal Accepted',
      'Normal Routed',
      'Normal Balanced',
    ]);
    expect(eventsOfChange(well, well)).toEqual([]);
    const missing = deriveStatus(facts(model({}, { knowsIstio: false })), well, NOW);
    expect(eventsOfChange(well, missing).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Warning IstioNotFound',
    ]);
  });

  it('have a name by what they say, so that the same one is counted up', () => {
    const { policy } = facts();
    const event = { type: 'Normal', reason: 'Balanced', message: 'well' } as const;
    const at = { first: NOW, last: NOW + 1000 };
    const [once, twice] = [1, 2].map((count) => eventObject(policy, event, count, at));
    expect(twice).toEqual({ ...once, count: 2 });
    expect(once?.metadata.name).toMatch(/^cart\.[0-9a-f]{16}$/);
    expect(once).toMatchObject({ involvedObject: { kind: 'LoadBalancingPolicy', name: 'cart', uid: 'policy' } });
  });
});
