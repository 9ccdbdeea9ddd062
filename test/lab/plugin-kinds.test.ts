/** The plugin by either of Istio's kinds: `WasmPlugin`, and `TrafficExtension` where this Istio has it. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/soon.ts';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { proxyMetric } from './support/pods.ts';
import { loadDuring, summaryOf } from './support/traffic.ts';

const FOLDER = join(import.meta.dirname, '../../istio-configs/plugin');
const EXTENSIONS = 'trafficextensions.extensions.istio.io';

let cluster: LabCluster;
let hasExtensions: boolean;

beforeAll(async () => {
  cluster = await LabCluster.open();
  await cluster.untilReady('app=frontend', 3);
  const definitions = await cluster.lab.kubectl.run('get', 'customresourcedefinitions', '-o', 'name');
  hasExtensions = definitions.includes(EXTENSIONS);
});

afterAll(async () => {
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', join(FOLDER, 'wasm-plugin'));
  if (hasExtensions) await kubectl('delete', EXTENSIONS, 'ballast', '--ignore-not-found');
  await cluster[Symbol.asyncDispose]();
});

async function kubectl(...args: readonly string[]): Promise<string> {
  return cluster.lab.kubectl.run('-n', HOTEL, ...args);
}

/** Waits until the gateway's plugin chooses replicas, or until there is none that does. */
async function untilChoosing(wanted: boolean): Promise<void> {
  const [gateway] = await cluster.pods('istio=hotel-gateway');
  if (!gateway) throw new Error('no gateway');
  await eventually(async () => {
    const before = await proxyMetric(gateway, 'ballast_picks_total');
    await fetch(new URL('/user?username=Cornell_1&password=1111111111', cluster.lab.ingress));
    const picked = (await proxyMetric(gateway, 'ballast_picks_total')) > before;
    expect(picked).toBe(wanted);
  });
}

test('Istio from 1.30 on has TrafficExtension, and an older one refuses it', async () => {
  expect(hasExtensions).toBe(cluster.lab.programs.pair.istio !== '1.29');
  const applying = kubectl('apply', '--server-side', '--dry-run=server', '-k', join(FOLDER, 'traffic-extension'));
  if (hasExtensions) expect(await applying).toContain('trafficextension.extensions.istio.io/ballast');
  else await expect(applying).rejects.toThrow('no matches for kind "TrafficExtension"');
});

test('without the plugin Istio balances, with it by either kind Ballast does, and no request fails', async () => {
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await untilChoosing(true);
    await kubectl('delete', 'wasmplugin', 'ballast');
    await untilChoosing(false);
    const kind = hasExtensions ? 'traffic-extension' : 'wasm-plugin';
    await kubectl('apply', '--server-side', '-k', join(FOLDER, kind));
    await untilChoosing(true);
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
}, 300_000);
