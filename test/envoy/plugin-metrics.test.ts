/** The plugin's metrics as Prometheus scrapes them from Envoy. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from './support/envoy-process.ts';
import { SmallMesh } from './support/small-mesh.ts';

let mesh: SmallMesh;
beforeAll(async () => {
  mesh = await SmallMesh.start({ routing: 'Endpoint', sidecars: false, workers: 2 });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

/** Metrics of ours by name, as Prometheus reads them. */
async function scrape(): Promise<Map<string, number>> {
  const text = await mesh.caller.admin('/stats/prometheus');
  return new Map(
    [...text.matchAll(/^(ballast_\w+)\{.*\} (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

it('all workers add to one counter, and gauges describe the table that they share', async () => {
  await mesh.send('echo-1');
  // Earlier requests are counted at the next ticks.
  let before = new Map<string, number>();
  await until(async () => {
    const earlier = before.get('ballast_picks_total');
    await sleep(500);
    before = await scrape();
    return before.get('ballast_picks_total') === earlier;
  }, 'the counter to rest');
  await mesh.getMany(200);
  await until(
    async () => (await scrape()).get('ballast_picks_total') === (before.get('ballast_picks_total') ?? 0) + 200,
    'all picks to be counted',
  );
  const metrics = await scrape();
  expect(metrics.get('ballast_table_version')).toBe(1);
  expect(metrics.get('ballast_services_over_limit')).toBe(0);
  expect(metrics.get('ballast_replicas_over_limit')).toBe(0);
  expect(metrics.get('ballast_table_age_seconds')).toBeLessThan(60);
});

it('a replica that dies counts as one ejection', async () => {
  mesh.agent.publish([mesh.assignment([0.3, 0.3, 0.4])]);
  await mesh.application('echo-0').kill();
  await until(async () => {
    await mesh.getMany(16);
    return ((await scrape()).get('ballast_ejections_total') ?? 0) > 0;
  }, 'the ejection to be counted');
  await mesh.application('echo-0').revive();
  await until(async () => {
    await mesh.getMany(16);
    return ((await scrape()).get('ballast_readmissions_total') ?? 0) > 0;
  }, 'the replica to be back');
  expect((await scrape()).get('ballast_ejections_total')).toBe(1);
});
