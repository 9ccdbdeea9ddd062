import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hotelReservation as hotel } from '../../../../tools/local-mesh/applications/applications.ts';
import { ClusterDirectory } from '../../../../tools/local-mesh/manifests/cluster-directory.ts';
import { placeReplicas } from '../../../../tools/local-mesh/manifests/placement.ts';
import { planCluster } from '../../../../tools/local-mesh/manifests/plan-cluster.ts';
import { ManifestCluster } from '../../../../central-controller/cluster/manifests.ts';

const SERVICES = ['frontend', 'search', 'geo'];

async function plan(services: readonly string[], replicas: number) {
  let pods = 0;
  return planCluster({
    manifests: await hotel.manifests('Endpoint'),
    services,
    replicas,
    nodes: [3, 2, 1].map((appetite, index) => ({ name: `node-${index + 1}`, cores: 0.5, appetite })),
    edge: { name: 'edge', cores: 2 },
    network: '127.9',
    uid: () => `uid-${(pods += 1)}`,
  });
}

describe('placement', () => {
  const request = fc.record({
    services: fc.integer({ min: 1, max: 12 }),
    replicas: fc.integer({ min: 1, max: 6 }),
    appetites: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
  });

  it('gives every replica an address of its own, and spreads each service as far as there are nodes', () => {
    fc.assert(
      fc.property(request, ({ services, replicas, appetites }) => {
        const names = Array.from({ length: services }, (_, index) => `service-${index}`);
        const nodes = appetites.map((appetite, index) => ({ name: `node-${index}`, appetite }));
        const placed = placeReplicas(names, replicas, nodes, '127.9');
        expect(placed).toHaveLength(services * replicas);
        expect(new Set(placed.map(({ ip }) => ip)).size).toBe(placed.length);
        for (const name of names) {
          const own = placed.filter(({ service }) => service === name);
          expect(own.map(({ pod }) => pod)).toEqual(own.map((_, ordinal) => `${name}-${ordinal}`));
          expect(new Set(own.map(({ node }) => node)).size).toBe(Math.min(replicas, nodes.length));
        }
        for (const { ip, node } of placed) expect(ip.startsWith(`127.9.${node + 1}.`)).toBe(true);
      }),
    );
  });

  it('fills nodes by their appetite: the demo has 7, 6, 6 and 5 replicas on its nodes', () => {
    const nodes = [7, 6, 6, 5].map((appetite, index) => ({ name: `node-${index}`, appetite }));
    const names = Array.from({ length: 8 }, (_, index) => `service-${index}`);
    const placed = placeReplicas(names, 3, nodes, '127.9');
    expect(nodes.map((_, index) => placed.filter(({ node }) => node === index).length)).toEqual([7, 6, 6, 5]);
  });
});

describe('the cluster of a mesh', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ballast-manifests-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('leaves out the services that are not asked for, with all that belongs to them', async () => {
    const { objects, policies, replicas } = await plan(SERVICES, 2);
    const named = (kind: string) =>
      objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
    expect(named('StatefulSet').toSorted()).toEqual(SERVICES.toSorted());
    expect(named('Service').toSorted()).toEqual([...SERVICES, 'hotel-gateway'].toSorted());
    expect(named('Node')).toEqual(['node-1', 'node-2', 'node-3', 'edge']);
    expect(policies.map(({ metadata }) => metadata.name).toSorted()).toEqual(SERVICES.toSorted());
    expect(replicas).toHaveLength(6);
  });

  it('refuses a service that the application does not have', async () => {
    await expect(plan(['frontend', 'spa'], 1)).rejects.toThrow('StatefulSet spa');
  });

  it('is read by the controller: replicas on their nodes, the mode and readiness as they are set', async () => {
    const { objects, policies, replicas, gateway } = await plan(SERVICES, 3);
    const cluster = new ClusterDirectory({ manifests: directory, objects, policies, pods: [...replicas, gateway] });
    cluster.setMode('Observe');
    cluster.setReady('geo-1', false);
    const read = () => {
      const controller = new ManifestCluster(directory, { now: () => 0, onProblem: () => {} });
      void controller.close();
      return controller.read();
    };
    const topology = read();
    expect(topology.services.map(({ name }) => name).toSorted()).toEqual(SERVICES.toSorted());
    expect(topology.services.every(({ mode }) => mode === 'Observe')).toBe(true);
    const seen = topology.services.flatMap((service) => service.replicas);
    const bare = seen.map(({ name, uid, node, addresses }) => ({ name, uid, node, address: addresses[8080] }));
    const expected = replicas.map(({ name, uid, nodeName, ip }) => ({
      name,
      uid,
      node: nodeName,
      address: `${ip}:8080`,
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(bare.toSorted(byName)).toEqual(expected.toSorted(byName));
    expect(seen.filter(({ ready }) => !ready).map(({ name }) => name)).toEqual(['geo-1']);
    cluster.setMode('Enforce');
    cluster.setReady('geo-1', true);
    expect(
      read().services.every(({ mode, replicas: all }) => mode === 'Enforce' && all.every(({ ready }) => ready)),
    ).toBe(true);
  });
});
