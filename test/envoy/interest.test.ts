/** A proxy in a mesh of 10,000 replicas holds the services that it calls, and no others. */
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServiceAssignment } from '../../contract/assignment.ts';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { Crowd } from './support/crowd.ts';
import { outboundClusters, outboundListener, type TargetService } from './support/envoy-config.ts';
import { EnvoyProcess, until } from './support/envoy-process.ts';
import { FakeAgent } from './support/fake-agent.ts';

const SERVICES = 500;
const REPLICAS = 20;
/** Services that the proxy can call; it has clusters and routes of these. */
const CALLABLE = 4;

const running = new AsyncDisposableStack();
let crowd: Crowd;
let agent: FakeAgent;
let envoy: EnvoyProcess;
let connections: Agent;

function hostOf(service: number): string {
  return `service-${service}.shop.svc.cluster.local`;
}

function replicasOf(service: number): { name: string; address: string }[] {
  const names = crowd.names.slice(service * REPLICAS, (service + 1) * REPLICAS);
  return names.map((name) => ({ name, address: crowd.address(name) }));
}

/** The service with all weight on the replica at `index`. */
function assignment(service: number, index: number): ServiceAssignment {
  const replicas = replicasOf(service).map((replica, i) => ({ ...replica, weight: i === index ? 1 : 0 }));
  return { key: `8080|${hostOf(service)}`, routing: 'Endpoint', pinning: false, replicas };
}

async function startEnvoy(): Promise<EnvoyProcess> {
  const services = Array.from({ length: CALLABLE }, (_, service): TargetService => {
    return { host: hostOf(service), port: 8080, routing: 'Endpoint', endpoints: replicasOf(service) };
  });
  return EnvoyProcess.start({
    nodeId: 'sidecar~127.0.0.1~caller-0.shop~shop.svc.cluster.local',
    listeners: [outboundListener(services, { wasm: await buildPlugin() })],
    clusters: outboundClusters(services, agent.address),
    concurrency: 2,
  });
}

beforeAll(async () => {
  crowd = running.use(await Crowd.start('mesh', SERVICES * REPLICAS));
  agent = running.use(await FakeAgent.start({ remembers: 'wanted' }));
  connections = running.adopt(new Agent({ pipelining: 0 }), (held) => held.destroy());
  envoy = await startEnvoy();
  agent.publish(Array.from({ length: SERVICES }, (_, service) => assignment(service, 7)));
});
afterAll(async () => {
  await envoy?.stop();
  await running.disposeAsync();
});

/** Who answered. */
async function call(service: number): Promise<string> {
  const url = `http://${await envoy.address('outbound')}/`;
  const { statusCode, body } = await request(url, { headers: { host: hostOf(service) }, dispatcher: connections });
  const name = await body.text();
  expect(statusCode).toBe(200);
  return name;
}

function isReplica(service: number, index: number): (name: string) => boolean {
  return (name) => name === `mesh-${service * REPLICAS + index}`;
}

async function untilPicked(service: number, index: number): Promise<void> {
  await until(
    async () => (await Promise.all(Array.from({ length: 16 }, () => call(service)))).every(isReplica(service, index)),
    `service ${service} to be picked by weight`,
  );
}

function held(): readonly string[] {
  return (agent.interest.get('caller-0') ?? []).toSorted();
}

async function metric(name: string): Promise<number> {
  return envoy.counter(`wasmcustom.${name}`);
}

it('a proxy without requests holds nothing', async () => {
  await until(() => agent.held === 1, 'the proxy to ask');
  expect(held()).toEqual([]);
  expect(agent.answers.get('caller-0')).toBeUndefined();
  expect(await metric('ballast_services_held')).toBe(0);
});

it('the first requests to a service go to Istio, the next ones to the pick, and only its services are held', async () => {
  const first = await Promise.all(Array.from({ length: 16 }, () => call(0)));
  expect(first.every(isReplica(0, 7))).toBe(false);
  for (const service of [0, 1, 2]) await untilPicked(service, 7);
  expect(held()).toEqual([0, 1, 2].map((service) => `8080|${hostOf(service)}`));
  await until(async () => (await metric('ballast_services_held')) === 3, 'the metric to follow');
  expect(await metric('ballast_services_over_limit')).toBe(0);
  // Sixty replicas: their names, addresses and weights.
  const bytes = (agent.answers.get('caller-0') ?? []).reduce((sum, each) => sum + each, 0);
  expect(bytes).toBeLessThan(6000);
});

it('follows a change of a service that it holds', async () => {
  agent.publish([assignment(0, 4), ...Array.from({ length: SERVICES - 1 }, (_, i) => assignment(i + 1, 7))]);
  await untilPicked(0, 4);
  await untilPicked(1, 7);
});

it('goes on while the agent is away, and follows an agent that was restarted', async () => {
  await agent.pause();
  for (let i = 0; i < 20; i++) {
    expect(await call(0)).toBe('mesh-4');
    expect(await call(1)).toBe(`mesh-${REPLICAS + 7}`);
  }
  await agent.resume();
  agent.publish(Array.from({ length: SERVICES }, (_, service) => assignment(service, 9)));
  for (const service of [0, 1, 2]) await untilPicked(service, 9);
  expect(held()).toHaveLength(3);
});

it('a proxy that was restarted holds what its pod wanted before, without a request', async () => {
  await envoy.stop();
  envoy = await startEnvoy();
  await until(async () => (await metric('ballast_services_held')) === 3, 'the services to be remembered');
  await untilPicked(2, 9);
});

it('nothing was malformed, and the plugin logged nothing', () => {
  expect(agent.malformed).toEqual([]);
  expect(envoy.log).not.toMatch(/wasm|ballast/i);
});
