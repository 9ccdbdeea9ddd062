import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Collector } from '../../central-controller/collect/collector.ts';
import { changesOfState } from '../../central-controller/wording/state-changes.ts';
import { createLoop, nodeReport, runTraffic, serviceTopology, topologyOf } from './fixtures.ts';
import { NodeAgent } from './publish/support/node-agent.ts';

describe('the control loop', () => {
  it('decides once at the start and then every tick', () => {
    const { loop, clock } = createLoop();
    const ticks: number[] = [];
    loop.state.onDecision((decision) => ticks.push(decision.at - 1_000_000));
    loop.start();
    clock.advance(1_000);
    expect(ticks).toEqual([0, 250, 500, 750, 1_000]);
  });

  it('decides sooner on events, once for many', () => {
    const { loop, clock, cluster } = createLoop();
    let decisions = 0;
    loop.start();
    loop.state.onDecision(() => (decisions += 1));
    clock.advance(100);
    for (let event = 0; event < 5; event++) cluster.change(topologyOf(serviceTopology({ name: `s${event}` })));
    clock.advance(50);
    expect(decisions).toBe(1);
    expect(loop.state.decision?.services.map(({ name }) => name)).toEqual(['s4']);
    expect(clock.pending).toBe(1);
  });

  it('needs no event to see what changed', () => {
    const { loop, clock } = createLoop();
    loop.start();
    loop.manual.set(
      { namespace: 'hotel', service: 'geo', replica: 'geo-0', weight: 0.9, expiresAt: clock.now() + 1_000 },
      clock.now(),
    );
    clock.advance(250);
    expect(loop.state.decision?.services[0]?.replicas[0]).toMatchObject({ weight: 0.9, limits: ['manual'] });
    clock.advance(10_000);
    expect(loop.state.decision?.services[0]?.replicas[0]?.limits).not.toContain('manual');
  });

  it('keeps the decision in force when a reconcile fails, and goes on', () => {
    const { loop, clock, cluster, defects } = createLoop();
    loop.start();
    clock.advance(250);
    const { decision, topology } = loop.state;
    cluster.change(new Proxy(topology, { get: () => expect.fail('defect') }));
    clock.advance(250);
    expect(defects.length).toBeGreaterThan(0);
    expect(loop.state.decision).toBe(decision);
    cluster.change(topology);
    clock.advance(250);
    expect(loop.state.decision?.tick).toBeGreaterThan(decision?.tick ?? Infinity);
  });

  it('asks for called replicas of a service while one of its replicas has no proxy of its own', () => {
    const test = createLoop(topologyOf(serviceTopology(), serviceTopology({ name: 'rate' })));
    const [geo, rate] = ['geo', 'rate'].map((name) => `8080|${name}.hotel.svc.cluster.local`) as [string, string];
    const agent = new NodeAgent([geo, rate]);
    test.loop.start();
    agent.connect(test.loop.publisher, test.clock.now());
    runTraffic(test, 20);
    expect(agent.last.detail).toEqual([rate]);
    test.loop.accept(nodeReport('node-1', 81, { calledReplicas: [[rate, 'rate-0', 0, 0, 0, 0, 0]] }));
    test.clock.advance(2_000);
    test.loop.accept(nodeReport('node-1', 89, { calledReplicas: [[rate, 'rate-0', 200, 0, 0, 200, 1]] }));
    test.clock.advance(250);
    expect(test.loop.state.decision?.services[1]?.replicas[0]?.requestsPerSecond).toBeCloseTo(100, 6);
  });

  it('does nothing after it was stopped', () => {
    const { loop, clock, cluster } = createLoop();
    loop.start();
    loop.stop();
    cluster.change(loop.state.topology);
    expect(clock.pending).toBe(0);
  });

  it('publishes once it has learnt from traffic what replicas cost', () => {
    const test = createLoop();
    test.loop.start();
    expect(test.loop.state.published.version).toBe(0);
    runTraffic(test, 5);
    expect(test.defects).toEqual([]);
    expect(test.loop.state.decision?.services[0]?.replicas.map(({ state }) => state)).toEqual(['Active', 'Active']);
    expect(test.loop.state.published.version).toBeGreaterThan(0);
  });

  it('after a restart publishes nothing until it has learnt again, and then newer versions', () => {
    const before = createLoop();
    before.loop.start();
    runTraffic(before, 5);
    const after = createLoop();
    after.clock.advance(5_000);
    after.loop.start();
    expect(after.loop.state.published.version).toBe(0);
    runTraffic(after, 5, 100, 21);
    expect(after.loop.state.published.version).toBeGreaterThan(before.loop.state.published.version);
  });

  it('looks through the nodes once for all reports of the same topology', () => {
    const accept = vi.spyOn(Collector.prototype, 'accept');
    onTestFinished(() => accept.mockRestore());
    const { loop, cluster } = createLoop();
    loop.start();
    loop.accept(nodeReport('node-1', 1));
    loop.accept(nodeReport('node-2', 1));
    cluster.change({ ...loop.state.topology, nodes: [{ name: 'node-1' }] });
    expect(loop.accept(nodeReport('node-2', 2)).ok).toBe(false);
    const [first, second, third] = accept.mock.calls.map(([, nodes]) => nodes);
    expect(second).toBe(first);
    expect(third).toEqual(new Set(['node-1']));
  });

  it('refuses reports of nodes that the cluster does not know', () => {
    const { loop } = createLoop();
    loop.start();
    expect(loop.accept(nodeReport('node-7', 1))).toMatchObject({ ok: false, failure: { code: 'UNKNOWN_NODE' } });
  });
});

describe('the log', () => {
  it('has a line for each change of state, and none for a tick', () => {
    const test = createLoop();
    const lines: string[] = [];
    test.loop.state.onDecision((decision, previous) => {
      for (const { message, fields } of changesOfState(decision, previous)) {
        lines.push([message, ...Object.values(fields)].join(' '));
      }
    });
    test.loop.start();
    expect(lines).toEqual([
      'service is balanced hotel/geo Enforce',
      'replica changed hotel/geo geo-0 unknown Learning',
      'replica changed hotel/geo geo-1 unknown Learning',
    ]);
    lines.length = 0;
    runTraffic(test, 5);
    expect(lines).toEqual([
      'agent reports node-1 1',
      'agent reports node-2 1',
      'replica changed hotel/geo geo-0 Learning Active',
      'replica changed hotel/geo geo-1 Learning Active',
    ]);
    lines.length = 0;
    const { loop, clock } = test;
    loop.pauses.set({ service: 'hotel/geo', reason: 'a look' }, loop.state.decision, clock.now());
    clock.advance(500);
    loop.pauses.delete('hotel/geo');
    clock.advance(500);
    expect(lines).toEqual(['service is paused hotel/geo a look', 'service is no longer paused hotel/geo']);
    lines.length = 0;
    test.cluster.change(topologyOf());
    test.clock.advance(20);
    expect(lines).toEqual(['service is no longer balanced hotel/geo']);
  });
});
