import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotelReservation as hotel } from '../../../../tools/local-mesh/applications/applications.ts';
import {
  APPLICATION_PORT,
  OUTBOUND_PORT,
  type ProxyInput,
  SERVICE_PORT,
} from '../../../../tools/local-mesh/envoy/proxy.ts';
import { renderBootstrap } from '../../../../tools/local-mesh/envoy/render.ts';
import type { Manifest } from '../../../../central-controller/kubernetes/manifest.ts';
import type { Routing } from '../../../../contract/assignment.ts';
import { buildPlugin } from '../../../../wasm-plugin/build.ts';
import { get, startRendered, startReplica, validate } from './rendered-envoy.ts';

const NAMESPACE = 'hotel-reservation';
const ROUTINGS: readonly Routing[] = ['Endpoint', 'Subset'];
const CALLER = '127.21.9.1';
const GATEWAY = '127.21.9.2';

function address(service: string, ordinal: number): string {
  return `127.21.${service === 'frontend' ? 1 : 2}.${10 + ordinal}`;
}

function pods(service: string): Manifest[] {
  return [0, 1, 2].map((ordinal) => {
    const name = `${service}-${ordinal}`;
    const labels = { app: service, 'statefulset.kubernetes.io/pod-name': name };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels },
      spec: {},
      status: { podIP: address(service, ordinal), conditions: [{ type: 'Ready', status: 'True' }] },
    };
  });
}

function proxy(kind: ProxyInput['kind'], pod: string, ip: string, pluginPath: string): ProxyInput {
  const labels: Record<string, string> = kind === 'gateway' ? { istio: 'hotel-gateway' } : { app: 'geo' };
  return { kind, pod, namespace: NAMESPACE, ip, agentAddress: '127.21.0.1:15080', pluginPath, labels };
}

async function manifests(routing: Routing): Promise<Manifest[]> {
  return [...(await hotel.manifests(routing)), ...pods('geo'), ...pods('frontend')];
}

describe.each(ROUTINGS)('Envoy takes what is rendered for %s routing', (routing) => {
  it.each(['sidecar', 'gateway'] as const)('as a %s, with the plugin', async (kind) => {
    const input = proxy(kind, 'any-0', '127.21.9.9', await buildPlugin());
    expect(await validate(renderBootstrap(input, await manifests(routing)))).toContain('OK');
  });
});

/** The replica that answered; the test's headers stand for what the plugin would have stamped. */
async function served(ip: string, port: number, headers: Record<string, string>): Promise<string> {
  const { status, body } = await get(ip, port, '/', headers);
  return status === 200 ? (JSON.parse(body) as { name: string }).name : `status ${status}`;
}

function session(service: string, ordinal: number): Record<string, string> {
  return { 'x-lb-session': Buffer.from(`${address(service, ordinal)}:${SERVICE_PORT}`).toString('base64') };
}

describe.each(ROUTINGS)('requests in %s routing', (routing) => {
  const running = new AsyncDisposableStack();

  beforeAll(async () => {
    const plain = (await manifests(routing)).filter(({ kind }) => kind !== 'WasmPlugin');
    for (const service of ['geo', 'frontend']) {
      for (const ordinal of [0, 1, 2]) {
        const replica = startReplica(`${service}-${ordinal}`, address(service, ordinal), SERVICE_PORT);
        running.use(await replica);
      }
    }
    running.use(await startReplica('caller itself', CALLER, APPLICATION_PORT));
    const sidecar = proxy('sidecar', 'geo-9', CALLER, '/none');
    running.use(await startRendered(renderBootstrap(sidecar, plain), CALLER));
    const gateway = proxy('gateway', 'hotel-gateway-0', GATEWAY, '/none');
    running.use(await startRendered(renderBootstrap(gateway, plain), GATEWAY));
  });

  afterAll(() => running.disposeAsync());

  const choose = (service: string, ordinal: number) =>
    routing === 'Subset' ? { 'x-lb-endpt': `${service}-${ordinal}` } : session(service, ordinal);

  it.each([0, 1, 2])('reach replica %i of their choice, each time', async (ordinal) => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const headers = { host: 'geo.hotel-reservation.svc.cluster.local:8080', ...choose('geo', ordinal) };
      expect(await served(CALLER, OUTBOUND_PORT, headers)).toBe(`geo-${ordinal}`);
    }
  });

  it.each([0, 1, 2])('reach replica %i of the frontend through the gateway', async (ordinal) => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const headers = { host: 'hotels.example.com', ...choose('frontend', ordinal) };
      expect(await served(GATEWAY, SERVICE_PORT, headers)).toBe(`frontend-${ordinal}`);
    }
  });

  it('are balanced by Istio when they choose nobody, or a replica that is not there', async () => {
    for (const headers of [{}, choose('geo', 7)]) {
      const seen = new Set<string>();
      for (let attempt = 0; attempt < 40; attempt++) {
        seen.add(await served(CALLER, OUTBOUND_PORT, { host: 'geo:8080', ...headers }));
      }
      expect([...seen].toSorted()).toEqual(['geo-0', 'geo-1', 'geo-2']);
    }
  });

  it('find a service by every name that DNS gives it, and no other', async () => {
    const names = [
      'geo',
      'geo.hotel-reservation',
      'geo.hotel-reservation.svc',
      'geo.hotel-reservation.svc.cluster.local.',
    ];
    for (const name of names) expect(await served(CALLER, OUTBOUND_PORT, { host: name })).toMatch(/^geo-/);
    expect(await served(CALLER, OUTBOUND_PORT, { host: 'example.com' })).toBe('status 502');
  });

  it('come in to the application behind the sidecar', async () => {
    expect(await served(CALLER, SERVICE_PORT, { host: 'geo:8080' })).toBe('caller itself');
  });
});

describe('a replica whose process is gone', () => {
  it('costs no request in Endpoint routing, since Istio tries another', async () => {
    await using replicas = new AsyncDisposableStack();
    for (const ordinal of [0, 1]) {
      replicas.use(await startReplica(`geo-${ordinal}`, address('geo', ordinal), SERVICE_PORT));
    }
    const plain = (await manifests('Endpoint')).filter(({ kind }) => kind !== 'WasmPlugin');
    replicas.use(await startRendered(renderBootstrap(proxy('sidecar', 'geo-9', CALLER, '/none'), plain), CALLER));
    for (let attempt = 0; attempt < 10; attempt++) {
      const { status, headers } = await get(CALLER, OUTBOUND_PORT, '/', { host: 'geo', ...session('geo', 2) });
      expect(status).toBe(200);
      expect(Buffer.from(String(headers['x-lb-session']), 'base64').toString()).toMatch(/^127\.21\.2\.1[01]:8080$/);
    }
  });
});
