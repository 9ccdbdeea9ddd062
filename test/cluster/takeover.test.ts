import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type AgentProcess, startAgent } from '../host-agent/support/agent-process.ts';
import { readTable } from '../host-agent/support/table.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { ClusterWriter, namespace, node, policy, policyKind, service } from './support/objects.ts';

const SLOW = { timeout: 60_000, interval: 50 };
const NET = `127.${randomInt(128, 200)}.${randomInt(1, 255)}`;
const ADDRESSES = [`${NET}.1`, `${NET}.2`] as const;

let server: ApiServer;
let writer: ClusterWriter;
let folder: string;
const running: { controllers: ControllerProcess[]; agent?: AgentProcess } = { controllers: [] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-takeover-'));
  server = await startApiServer();
  writer = await ClusterWriter.open(server.kubeconfig);
  for (const object of [await policyKind(), node('node-1'), namespace('shop')]) await writer.apply(object);
  for (const object of [service('shop', 'cart'), policy('shop', 'cart')]) await writer.apply(object);
  const pods = [0, 1].map((number) => ({
    namespace: 'shop',
    name: `cart-${number}`,
    node: 'node-1',
    ip: `10.1.0.${number + 1}`,
  }));
  const written = await Promise.all(pods.map(async (pod) => ({ ...pod, uid: await writer.pod(pod) })));
  await writer.endpoints('shop', 'cart', written);
});

afterEach(async () => {
  await running.agent?.kill();
  for (const controller of running.controllers.splice(0)) await controller.end('SIGKILL');
});

afterAll(async () => {
  await writer?.close();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function start(address: string, identity: string): ControllerProcess {
  const controller = startController(server.kubeconfig, `${address}:15070`, identity);
  running.controllers.push(controller);
  return controller;
}

/** A real agent for which the controllers' common name has both addresses, as a headless Service's has. */
async function startAgentOf(addresses: readonly string[]): Promise<AgentProcess> {
  const found = JSON.stringify(addresses.map((address) => ({ address, family: 4 })));
  const stub = join(folder, 'names.mjs');
  await writeFile(
    stub,
    `import { promises as dns } from 'node:dns';
    const usual = dns.lookup;
    dns.lookup = (name, options) => (name === 'controllers.test' ? Promise.resolve(${found}) : usual(name, options));`,
  );
  const processes = join(folder, 'processes.json');
  await writeFile(processes, '{}');
  vi.stubEnv('NODE_OPTIONS', `--import=${stub}`);
  const flags = ['--node', 'node-1', '--processes', processes, '--controller', 'http://controllers.test:15070'];
  const agent = await startAgent(flags);
  vi.unstubAllEnvs();
  running.agent = agent;
  return agent;
}

async function leads(controller: ControllerProcess): Promise<void> {
  await vi.waitFor(async () => {
    const answer = await controller.get('/api/v1/leader');
    expect(answer?.body).toMatchObject({ leading: true, leader: controller.identity });
  }, SLOW);
}

/** Takes its reports, and it follows the assignments. */
async function hasAgent(controller: ControllerProcess): Promise<void> {
  await vi.waitFor(async () => {
    const answer = await controller.get('/api/v1/nodes');
    expect(answer?.body).toMatchObject({
      nodes: [{ name: 'node-1', agentConnected: true, reportAgeMs: expect.any(Number) as number }],
    });
  }, SLOW);
}

async function heldBy(agent: AgentProcess): Promise<string[] | undefined> {
  const response = await fetch(`${agent.url}/v1/table?version=0`, { signal: AbortSignal.timeout(2000) });
  if (response.status !== 200) return undefined;
  const table = readTable(Buffer.from(await response.arrayBuffer()));
  return table.replicas.map(({ name }) => name);
}

test('another controller follows one that is killed or leaves; agents find it, and keep their weights', async () => {
  const first = start(ADDRESSES[0], 'first');
  await leads(first);
  const second = start(ADDRESSES[1], 'second');
  const agent = await startAgentOf(ADDRESSES);
  await hasAgent(first);
  await vi.waitFor(async () => expect(await second.get('/readyz')).toMatchObject({ status: 200 }), SLOW);
  await vi.waitFor(async () => {
    expect(await second.get('/api/v1/leader')).toMatchObject({ body: { leading: false, leader: 'first' } });
  }, SLOW);
  const refusal = { status: 503, body: { code: 'NOT_LEADER', detail: expect.stringContaining('first') as string } };
  expect(await second.get('/agent/v1/assignments?node=node-1')).toMatchObject(refusal);
  expect(await second.get('/api/v1/services')).toMatchObject(refusal);

  // Without any traffic nothing is learnt: it is published when what an earlier controller said would have expired.
  await vi.waitFor(async () => expect(await heldBy(agent)).toEqual(['cart-0', 'cart-1']), SLOW);
  expect(await writer.read(service('shop', 'cart'))).toMatchObject({
    metadata: { labels: { 'istio.io/persistent-session-header': 'x-lb-session' } },
  });
  const held: unknown[] = [];
  const watch = setInterval(() => void heldBy(agent).then((names) => held.push(names)), 100);
  try {
    await first.end('SIGKILL');
    await leads(second);
    await hasAgent(second);
    const third = start(ADDRESSES[0], 'third');
    await vi.waitFor(async () => expect(await third.get('/readyz')).toMatchObject({ status: 200 }), SLOW);
    await second.end('SIGTERM');
    await leads(third);
    await hasAgent(third);
    await vi.waitFor(async () => {
      const published = await third.get('/api/v1/versions');
      expect(published?.body).toMatchObject({ versions: [{ weightsChanged: true }] });
    }, SLOW);
  } finally {
    clearInterval(watch);
  }
  expect(new Set(held.map((names) => JSON.stringify(names)))).toEqual(new Set(['["cart-0","cart-1"]']));
});
