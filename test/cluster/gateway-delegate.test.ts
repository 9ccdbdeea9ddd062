/** What a real istiod makes for a gateway whose VirtualService delegates to the one that Ballast writes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VirtualService } from '../../central-controller/kubernetes/istio.ts';
import { delegateName } from '../../central-controller/routing/istio-names.ts';
import type { Service } from '../../central-controller/kubernetes/objects.ts';
import { gatewayPort } from '../../central-controller/routing/gateway-port.ts';
import { delegateVirtualService } from '../../central-controller/routing/istio-objects.ts';
import { configDump } from './istiod/discovery-client.ts';
import { type JsonObject, normalise, section } from './istiod/envoy-json.ts';
import { GATEWAY_POD, hotelCluster, NAMESPACE } from './istiod/hotel-cluster.ts';
import { type Istiod, startIstiod } from './istiod/istiod.ts';

/** Long enough to build istiod where the cache is cold. */
const BUILD_MS = 25 * 60_000;
const METRICS = { name: 'metrics', port: 9090, targetPort: 9090 };
/** Services of one port, and of two; the gateway's own is none of them. */
const APPLICATIONS = ['frontend', 'search'] as const;

let istiod: Istiod;
let routes: readonly JsonObject[];

function replicasOf(application: string): string[] {
  return [0, 1, 2].map((ordinal) => `${application}-${ordinal}`);
}

/** As the controller writes it for this Service. */
function delegateFor(service: Service): VirtualService {
  const { name } = service.metadata;
  const port = gatewayPort(service);
  const routed = { namespace: NAMESPACE, name, replicas: replicasOf(name) };
  return delegateVirtualService({ ...routed, ...(port !== undefined && { port }) });
}

beforeAll(async () => {
  const { kubernetes, istioObjects, addresses } = await hotelCluster('Subset');
  const services = (kubernetes['services'] as unknown as readonly Service[]).map((service) => {
    const { ports = [] } = service.spec;
    const isSecond = service.metadata.name === 'search';
    return isSecond ? { ...service, spec: { ...service.spec, ports: [METRICS, ...ports] } } : service;
  });
  const delegates = services
    .filter(({ metadata }) => APPLICATIONS.some((name) => name === metadata.name))
    .map(delegateFor);
  const http = APPLICATIONS.map((name) => ({
    match: [{ uri: { prefix: `/${name}` } }],
    timeout: '2s',
    delegate: { name: delegateName(name) },
  }));
  const objects = istioObjects.map((object) =>
    object.kind === 'VirtualService' && object.metadata.name === 'ingress'
      ? { ...object, spec: { hosts: ['*'], gateways: ['hotel'], http } }
      : object,
  );
  istiod = await startIstiod({ ...kubernetes, services: services as never }, [...objects, ...delegates]);
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

test.each(APPLICATIONS)("the user's match and timeout stand in a route per replica, and in a last one: %s", (name) => {
  const host = `${name}.${NAMESPACE}.svc.cluster.local`;
  const own = routes.filter(({ match }) => JSON.stringify(match).includes(`/${name}`));
  // The Service's port and not the gateway's: there is no cluster of that one.
  expect(own.map(({ route }) => (route as JsonObject)['cluster'])).toEqual([
    ...replicasOf(name).map((replica) => `outbound|8080|${replica}|${host}`),
    `outbound|8080||${host}`,
  ]);
  for (const { route } of own) expect((route as JsonObject)['timeout']).toBe('2s');
  const headers = own.map(({ match }) => JSON.stringify((match as JsonObject)['headers'] ?? ''));
  expect(headers.map((text) => replicasOf(name).filter((replica) => text.includes(replica)))).toEqual([
    ...replicasOf(name).map((replica) => [replica]),
    [],
  ]);
});
