/** What a real istiod makes for a gateway whose VirtualService delegates to the one that Ballast writes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delegateVirtualService } from '../../central-controller/cluster/routing/istio-objects.ts';
import { configDump } from './istiod/discovery-client.ts';
import { type JsonObject, normalise, section } from './istiod/envoy-json.ts';
import { GATEWAY_POD, hotelCluster, NAMESPACE } from './istiod/hotel-cluster.ts';
import { type Istiod, startIstiod } from './istiod/istiod.ts';

/** Long enough to build istiod where the cache is cold. */
const BUILD_MS = 25 * 60_000;
const FRONTEND = 'frontend.hotel-reservation.svc.cluster.local';
const REPLICAS = ['frontend-0', 'frontend-1', 'frontend-2'];

let istiod: Istiod;
let routes: readonly JsonObject[];

beforeAll(async () => {
  const { kubernetes, istioObjects, addresses } = await hotelCluster('Subset');
  const delegate = delegateVirtualService({ namespace: NAMESPACE, name: 'frontend', replicas: REPLICAS });
  const http = [{ match: [{ uri: { prefix: '/hotels' } }], timeout: '2s', delegate: { name: delegate.metadata.name } }];
  const objects = istioObjects.map((object) =>
    object.kind === 'VirtualService' && object.metadata.name === 'ingress'
      ? { ...object, spec: { hosts: ['*'], gateways: ['hotel'], http } }
      : object,
  );
  istiod = await startIstiod(kubernetes, [...objects, delegate]);
  const node = {
    id: `router~${addresses.get(GATEWAY_POD)}~${GATEWAY_POD}.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
    metadata: { NAMESPACE, NAME: GATEWAY_POD, LABELS: { istio: 'hotel-gateway' }, CLUSTER_ID: 'Kubernetes' },
  };
  const dump = await configDump(istiod, node, {
    'envoy.config.listener.v3.Listener': [],
    'envoy.config.route.v3.RouteConfiguration': ['http.8080'],
  });
  const [configuration] = section(normalise(dump, new Set()), 'RoutesConfigDump', 'dynamic_route_configs');
  const hosts = (configuration?.['route_config'] as JsonObject | undefined)?.['virtual_hosts'];
  routes = (hosts as unknown as readonly { routes: readonly JsonObject[] }[]).flatMap((host) => host.routes);
}, BUILD_MS);

afterAll(async () => {
  await istiod[Symbol.asyncDispose]();
});

test("the user's match and timeout stand in a route per replica, and in a last one to the service", () => {
  const clusters = routes.map(({ route }) => (route as JsonObject)['cluster']);
  expect(clusters).toEqual([
    ...REPLICAS.map((name) => `outbound|8080|${name}|${FRONTEND}`),
    `outbound|8080||${FRONTEND}`,
  ]);
  for (const { match, route } of routes) {
    expect(JSON.stringify(match)).toContain('/hotels');
    expect((route as JsonObject)['timeout']).toBe('2s');
  }
  const headers = routes.map(({ match }) => JSON.stringify((match as JsonObject)['headers'] ?? ''));
  expect(headers.map((text) => REPLICAS.filter((name) => text.includes(name)))).toEqual([
    ...REPLICAS.map((name) => [name]),
    [],
  ]);
});
