import { expect, it } from 'vitest';
import { ControllerMetrics } from '../../../central-controller/metrics/controller-metrics.ts';
import { createLoop, FakeLeadership, nodeReport, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';

async function seriesOf(metrics: ControllerMetrics): Promise<ReadonlyMap<string, number>> {
  const text = await metrics.registry.metrics();
  return new Map(
    Array.from(text.matchAll(/^([^#\s].*) (\S+)$/gm), ([, series = '', value]) => [series, Number(value)]),
  );
}

/** Series of a metric. */
async function countOf(metrics: ControllerMetrics, name: string): Promise<number> {
  return [...(await seriesOf(metrics)).keys()].filter((series) => series.startsWith(`${name}{`)).length;
}

it('ten thousand replicas have no series of their own, and what sums them up has few', async () => {
  const services = Array.from({ length: 100 }, (_, index) => {
    const name = `s${index}`;
    const replicas = Array.from({ length: 100 }, (_each, replica) => ({
      name: `${name}-${replica}`,
      uid: `${name}-${replica}`,
      node: `node-${(replica % 2) + 1}`,
      addresses: { 8080: '10.0.0.1:8080' },
      ready: true,
      since: 0,
    }));
    return serviceTopology({ name, replicas });
  });
  const test = createLoop(topologyOf(...services));
  const metrics = new ControllerMetrics(test.loop.state);
  test.loop.start();
  expect(await countOf(metrics, 'ballast_replica_weight_ratio')).toBe(0);
  const series = await seriesOf(metrics);
  expect(series.get('ballast_replicas_without_series')).toBe(10_000);
  expect(series.size).toBeLessThan(1_000);
});

it.each([
  [2, 2],
  [1, 0],
  [0, 0],
])('--replica-metrics %i: of two replicas %i have a series', async (most, expected) => {
  const test = createLoop();
  const metrics = new ControllerMetrics(test.loop.state, most);
  test.loop.start();
  expect(await countOf(metrics, 'ballast_replica_weight_ratio')).toBe(expected);
});

it('only the one that leads shows decisions, and what was is gone with the lead', async () => {
  const leadership = new FakeLeadership();
  const test = createLoop(undefined, leadership);
  const metrics = new ControllerMetrics(test.loop.state);
  test.loop.start();
  const ofDecisions = ['ballast_last_decision_timestamp_seconds', 'ballast_pauses', 'ballast_proxies{table="none"}'];
  for (const isLeading of [false, true, false]) {
    leadership.set(isLeading);
    const series = await seriesOf(metrics);
    expect(series.get('ballast_leading')).toBe(isLeading ? 1 : 0);
    for (const name of ofDecisions) expect(series.has(name)).toBe(isLeading);
    expect(await countOf(metrics, 'ballast_node_silent')).toBe(isLeading ? 2 : 0);
  }
  expect((await seriesOf(metrics)).get('ballast_leader_changes_total')).toBe(2);
});

it('a node without an agent and without balanced replicas is not called silent', async () => {
  const names = ['node-1', 'node-2', 'without-agent', 'with-agent', 'of-service-off'];
  const nodes = names.map((name) => ({ name }));
  const [replica] = serviceTopology({ name: 'off' }).replicas;
  if (!replica) throw new Error('the service has replicas');
  const off = serviceTopology({ name: 'off', mode: 'Off', replicas: [{ ...replica, node: 'of-service-off' }] });
  const leadership = new FakeLeadership();
  const test = createLoop({ nodes, services: [serviceTopology(), off] }, leadership);
  const metrics = new ControllerMetrics(test.loop.state);
  const silent = async (): Promise<Record<string, number>> => {
    const found = [...(await seriesOf(metrics))].filter(([series]) => series.startsWith('ballast_node_silent{'));
    return Object.fromEntries(found.map(([series, value]) => [/node="(.*)"/.exec(series)?.[1] ?? '', value]));
  };
  test.loop.start();
  leadership.set(true);
  expect(await silent()).toEqual({ 'node-1': 1, 'node-2': 1 });
  for (const sequence of [1, 2]) test.loop.accept(nodeReport('with-agent', sequence));
  test.clock.advance(250);
  expect(await silent()).toEqual({ 'node-1': 1, 'node-2': 1, 'with-agent': 0 });
  // By then the collector has forgotten it.
  runTraffic(test, 60);
  expect(await silent()).toEqual({ 'node-1': 0, 'node-2': 0, 'with-agent': 1 });
  leadership.set(false);
  expect(await silent()).toEqual({});
  leadership.set(true);
  expect(await silent()).toEqual({ 'node-1': 1, 'node-2': 1 });
});

it('the loop keeps its time, and versions are counted by what they changed', async () => {
  const test = createLoop();
  const metrics = new ControllerMetrics(test.loop.state);
  test.loop.start();
  runTraffic(test, 10);
  metrics.defect();
  const series = await seriesOf(metrics);
  const count = series.get('ballast_decision_interval_seconds_count') ?? 0;
  expect(count).toBe((series.get('ballast_decision_duration_seconds_count') ?? 0) - 1);
  expect(series.get('ballast_decision_interval_seconds_sum')).toBeCloseTo(10, 5);
  expect(series.get('ballast_last_decision_timestamp_seconds')).toBe(test.clock.now() / 1000);
  expect(series.get('ballast_assignments_published_total{change="weights"}')).toBeGreaterThan(0);
  expect(series.get('ballast_decision_defects_total')).toBe(1);
  const { history } = test.loop.state.published;
  const published = [...series].filter(([name]) => name.startsWith('ballast_assignments_published_total'));
  expect(published.reduce((sum, [, value]) => sum + value, 0)).toBe(history.length);
});

it('weights by hand and pauses are counted while they are in force', async () => {
  const test = createLoop();
  const metrics = new ControllerMetrics(test.loop.state);
  test.loop.start();
  const now = test.clock.now();
  test.loop.manual.set(
    { namespace: 'hotel', service: 'geo', replica: 'geo-0', weight: 0.9, expiresAt: now + 5_000 },
    now,
  );
  test.loop.pauses.set({ service: 'hotel/geo', expiresAt: now + 5_000 }, test.loop.state.decision, now);
  test.clock.advance(1_000);
  let series = await seriesOf(metrics);
  expect(series.get('ballast_manual_weights')).toBe(1);
  expect(series.get('ballast_pauses')).toBe(1);
  expect(series.get('ballast_service_highest_weight_ratio{namespace="hotel",service="geo"}')).toBeGreaterThanOrEqual(1);
  test.clock.advance(5_000);
  series = await seriesOf(metrics);
  expect(series.get('ballast_manual_weights')).toBe(0);
  expect(series.get('ballast_pauses')).toBe(0);
});
