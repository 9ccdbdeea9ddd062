/** Every application but the hotel (mesh.test.ts) on a small mesh of real processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  APPLICATION_NAMES,
  applicationNamed,
  hotelReservation as hotel,
  playlistRecommender as application,
} from '../../../../tools/local-mesh/applications/applications.ts';
import { ADMIN_PORT } from '../../../../tools/local-mesh/envoy/proxy.ts';
import { LocalMesh } from '../../../../tools/local-mesh/mesh/mesh.ts';
import { applicationLoad } from '../../../../tools/local-mesh/applications/application.ts';
import { readdirSync } from 'node:fs';
import { readMix } from '../../../../tools/load-generator/flags.ts';
import { generatePlaylists } from '../../../../apps/playlist-recommender/dataset/generate.ts';
import { testFolder } from '../../../apps/playlist-recommender/support.ts';

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100);
}

/** Requests that the plugin of the gateway has chosen a replica for. */
async function picksAtGateway(mesh: LocalMesh): Promise<number> {
  const answer = await fetch(`http://${mesh.gateway.hostname}:${ADMIN_PORT}/stats?filter=ballast_picks_total`);
  return Number(/ballast_picks_total: (\d+)/.exec(await answer.text())?.[1] ?? 0);
}

/** The replica that answers the gateway's next request. */
async function servedBy(mesh: LocalMesh): Promise<string> {
  const answer = await fetch(new URL('/readyz', mesh.gateway));
  await answer.arrayBuffer();
  expect(answer.status).toBe(200);
  return answer.headers.get('x-served-by') ?? '';
}

const OTHERS = APPLICATION_NAMES.filter((name) => name !== hotel.name);

test.each(OTHERS)('%s answers its load through sidecars, by replicas that Ballast chooses', async (name) => {
  const application = applicationNamed(name);
  const mesh = new LocalMesh({
    application,
    routing: 'Endpoint',
    services: application.services,
    replicas: 2,
    nodes: [1, 2].map((number) => ({ name: `node-${number}`, cores: 0.6, appetite: 1 })),
    network: '127.42',
    pinned: false,
  });
  onTestFinished(async () => {
    await mesh.stop();
  });
  for (const step of mesh.steps) await step.run();
  mesh.setMode('Enforce');
  const load = applicationLoad(application, mesh.gateway)({ rate: 10 });
  await until(async () => (await picksAtGateway(mesh)) > 10);
  const seen = new Set<string>();
  await until(async () => seen.add(await servedBy(mesh)).size === 2);
  const [first = ''] = application.services;
  expect([...seen].toSorted()).toEqual([`${first}-0`, `${first}-1`]);
  const { due, failed } = await load.stop();
  expect(due).toBeGreaterThan(10);
  expect(failed).toBe(0);
});

test('its mix asks for songs of scenes that the rules are about', () => {
  const mix = readMix(application.mix);
  if (!mix.ok) throw new Error(mix.failure.message);
  const { scenes } = generatePlaylists(1);
  const lists = Object.values(mix.value.parameters).flatMap((each) => (each.kind === 'choice' ? [each.of] : []));
  expect(lists).toHaveLength(3);
  for (const [index, songs] of lists.entries()) {
    expect(Object.keys(songs)).toEqual(scenes.map((scene) => scene[index]));
  }
});

test('what it prepares in a mesh is a folder of rules that replicas are told to read', async () => {
  const shared = testFolder();
  await application.prepare?.(shared);
  expect(readdirSync(shared)).toContain('checkpoint.json');
  const place = { listen: '127.0.0.1:1', data: testFolder(), shared };
  expect(application.replica('playlist-recommender', place).flags).toEqual({ listen: '127.0.0.1:1', data: shared });
});
