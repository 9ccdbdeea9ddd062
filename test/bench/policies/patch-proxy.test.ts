import { describe, expect, test } from 'vitest';
import { withRivals } from './patch-proxy.ts';

const HOST = 'search.shop.svc.cluster.local';

const bootstrap = {
  admin: { address: 'a' },
  static_resources: {
    listeners: [
      {
        virtual_hosts: [
          {
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: `outbound|8080||${HOST}`, timeout: '0s' } }],
          },
          { domains: ['in'], routes: [{ match: { prefix: '/' }, route: { cluster: 'inbound|8080||' } }] },
        ],
        wasm: { vm_config: {}, configuration: { '@type': 'string', value: '{"agentCluster":"agent"}' } },
      },
    ],
    clusters: [
      {
        name: `outbound|8080||${HOST}`,
        lb_policy: 'LEAST_REQUEST',
        load_assignment: { cluster_name: 'x', endpoints: [1] },
      },
      { name: 'inbound|8080||' },
      { name: 'outbound|15080||agent' },
    ],
  },
};

const patched = withRivals(bootstrap) as typeof bootstrap & { layered_runtime: unknown };
const { listeners, clusters } = patched.static_resources;

describe('rivals in a proxy', () => {
  test('each balanced service has a cluster per rival with its endpoints; other clusters stay alone', () => {
    expect(clusters.map(({ name }) => name)).toEqual([
      `outbound|8080||${HOST}`,
      `rival|8080|round_robin|${HOST}`,
      `rival|8080|least_request|${HOST}`,
      `rival|8080|orca_weighted|${HOST}`,
      'inbound|8080||',
      'outbound|15080||agent',
    ]);
    expect(clusters[0]).toEqual(bootstrap.static_resources.clusters[0]);
    expect(clusters[1]).toMatchObject({
      lb_policy: 'ROUND_ROBIN',
      load_assignment: { cluster_name: `rival|8080|round_robin|${HOST}`, endpoints: [1] },
    });
    expect(clusters[3]).not.toHaveProperty('lb_policy');
  });

  test('routes lead to a rival only while the runtime says so, and to the mesh otherwise', () => {
    const routes = listeners[0]?.virtual_hosts[0]?.routes ?? [];
    expect(routes).toHaveLength(4);
    expect(routes[3]).toEqual(bootstrap.static_resources.listeners[0]?.virtual_hosts[0]?.routes[0]);
    expect(routes[0]).toMatchObject({
      match: {
        prefix: '/',
        runtime_fraction: { default_value: { numerator: 0 }, runtime_key: 'ballast_bench.round_robin' },
      },
      route: { cluster: `rival|8080|round_robin|${HOST}`, timeout: '0s' },
    });
    expect(listeners[0]?.virtual_hosts[1]).toEqual(bootstrap.static_resources.listeners[0]?.virtual_hosts[1]);
    expect(patched.layered_runtime).toEqual({ layers: [{ name: 'admin', admin_layer: {} }] });
  });

  test('the plugin keeps its configuration and sends load reports', () => {
    const value = listeners[0]?.wasm.configuration.value ?? '';
    expect(JSON.parse(value)).toEqual({ agentCluster: 'agent', orca: true });
  });
});
