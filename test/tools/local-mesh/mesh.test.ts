/** A small mesh of real processes, from start to removal. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotelReservation as hotel } from '../../../tools/local-mesh/applications/applications.ts';
import { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { findCgroups } from '../../../tools/machine/cgroup-mounts.ts';
import { processIdentity } from '../../../tools/machine/processes.ts';
import { type Load, runLoad } from '../../../tools/load-generator/load.ts';

const PATH = '/recommendations?require=rate&lat=37.804&lon=-122.099';
const REPLICAS = ['frontend-0', 'frontend-1', 'frontend-2'];

const mesh = new LocalMesh({
  application: hotel,
  routing: 'Endpoint',
  services: ['frontend', 'recommendation', 'profile'],
  replicas: 3,
  nodes: [1, 2, 3].map((number) => ({ name: `node-${number}`, cores: 0.4, appetite: 1 })),
  network: '127.41',
  pinned: false,
});
let load: Load | undefined;

beforeAll(async () => {
  for (const step of mesh.steps) await step.run();
  const request = { name: 'recommend', weight: 1, method: 'GET' as const, path: PATH };
  const mix = { name: 'recommend', parameters: {}, requests: [request] };
  load = runLoad({ url: mesh.gateway, mix, rate: 40, connections: 16, timeoutSeconds: 10, seed: 1 });
});

afterAll(async () => {
  await load?.stop();
  await mesh.stop();
});

async function weights(service: string): Promise<Record<string, number>> {
  const answer = await fetch(new URL(`/api/v1/services/hotel-reservation/${service}/weights`, mesh.controller));
  return answer.ok ? ((await answer.json()) as { weights: Record<string, number> }).weights : {};
}

/** Share of a service's requests that goes to replicas on a node. */
async function shareOn(node: string, service: string): Promise<number> {
  const there = mesh.replicas.filter((pod) => pod.service === service && pod.nodeName === node);
  const shares = await weights(service);
  return there.reduce((sum, { name }) => sum + (shares[name] ?? 0), 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100);
}

/** Who answers `count` requests that carry these headers. */
async function servedBy(count: number, headers: Record<string, string> = {}): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let sent = 0; sent < count; sent++) {
    const answer = await fetch(new URL(PATH, mesh.gateway), { headers });
    expect(answer.status).toBe(200);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('x-lb-'))).toEqual([]);
    seen.add(answer.headers.get('x-served-by') ?? '');
    await answer.arrayBuffer();
  }
  return seen;
}

/** The headers by which a client might try to choose `frontend-0` itself, in both routings. */
function pinningHeaders(): Record<string, string> {
  const ip = mesh.replicas.find(({ name }) => name === 'frontend-0')?.ip;
  return { 'x-lb-endpt': 'frontend-0', 'x-lb-session': btoa(`${ip}:8080`) };
}

describe('a mesh', () => {
  it("serves through the sidecars by Istio's own balancing, and no client can choose a replica", async () => {
    expect([...(await servedBy(40))].toSorted()).toEqual(REPLICAS);
    expect([...(await servedBy(40, pinningHeaders()))].toSorted()).toEqual(REPLICAS);
  });

  it('does the same when Ballast balances, and every proxy uses what it published', async () => {
    mesh.setMode('Enforce');
    await until(async () => {
      const answer = await fetch(new URL('/api/v1/proxies', mesh.controller));
      const { proxies } = (await answer.json()) as { proxies: { pod: string; tableAgeMs: number | null }[] };
      return new Set(proxies.filter((proxy) => proxy.tableAgeMs !== null).map(({ pod }) => pod)).size === 10;
    });
    expect((await servedBy(20)).size).toBeGreaterThan(0);

    // With all weight given to one replica by hand, a client that names another must still get the named one.
    const weight = new URL('/api/v1/services/hotel-reservation/frontend/weights/frontend-1', mesh.controller);
    const body = JSON.stringify({ weight: 1, ttlSeconds: 600 });
    const set = await fetch(weight, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    expect(set.status).toBe(200);
    await until(async () => [...(await servedBy(10))].join() === 'frontend-1');
    expect([...(await servedBy(60, pinningHeaders()))]).toEqual(['frontend-1']);
    expect((await fetch(weight, { method: 'DELETE' })).status).toBe(204);
  });

  it('moves requests away from a node that gets busy, and back when it is free again', async () => {
    const [node] = mesh.nodes;
    if (!node) throw new Error('there is no node');
    await until(async () => (await shareOn(node.name, 'frontend')) > 0.2);
    mesh.startNeighbour(node, 0.8 * node.cores);
    await until(async () => (await shareOn(node.name, 'frontend')) < 0.1);
    await mesh.stopNeighbour();
    await until(async () => (await shareOn(node.name, 'frontend')) > 0.2);
  });

  it('lost no request on the way', async () => {
    const result = await load?.stop();
    expect(result?.due).toBeGreaterThan(100);
    expect(result?.failed).toBe(0);
  });

  it('leaves no process, no cgroup and no file behind', async () => {
    const names = mesh.replicas.flatMap(({ name }) => [name, `${name}-proxy`]);
    const pids = [...names, 'controller', 'agent-edge'].map((name) => mesh.processes.pidOf(name) ?? 0);
    expect(pids.filter((pid) => processIdentity(pid) === undefined)).toEqual([]);
    expect(await mesh.stop()).toEqual([]);
    expect(pids.filter((pid) => processIdentity(pid) !== undefined)).toEqual([]);
    expect(existsSync(mesh.directory)).toBe(false);
    const cgroups = findCgroups();
    const groups = cgroups.ok ? cgroups.value.children('') : [];
    expect(groups.filter((group) => mesh.directory.endsWith(group))).toEqual([]);
  });
});
