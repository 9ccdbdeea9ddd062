/** Five hundred replicas and three workers: all are used, all may die, agent and table may go, and nothing traps. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { Crowd } from './support/crowd.ts';
import { outboundClusters, outboundListener } from './support/envoy-config.ts';
import { EnvoyProcess, until } from './support/envoy-process.ts';
import { FakeAgent } from './support/fake-agent.ts';

const HOST = 'crowd.shop.svc.cluster.local';
const REPLICAS = 500;
const AT_ONCE = 8;

const running = new AsyncDisposableStack();
const connections = new Agent({ pipelining: 0 });
let crowd: Crowd;
let agent: FakeAgent;
let envoy: EnvoyProcess;
let entry: string;

beforeAll(async () => {
  crowd = running.use(await Crowd.start('crowd', REPLICAS));
  agent = running.use(await FakeAgent.start());
  running.adopt(connections, (held) => held.destroy());
  const endpoints = crowd.names.map((name) => ({ name, address: crowd.address(name) }));
  const service = { host: HOST, port: 8080, routing: 'Endpoint' as const, endpoints };
  envoy = running.use(
    await EnvoyProcess.start({
      nodeId: 'sidecar~127.0.0.1~caller-0.shop~shop.svc.cluster.local',
      listeners: [outboundListener([service], { wasm: await buildPlugin() })],
      clusters: outboundClusters([service], agent.address),
      concurrency: 3,
    }),
  );
  entry = `http://${await envoy.address('outbound')}/`;
});
afterAll(() => running.disposeAsync());

/** Gives the replicas that pass equal weights. */
function publish(chosen: (index: number) => boolean, validForMs = 60_000): void {
  const weight = 1 / crowd.names.filter((_, i) => chosen(i)).length;
  const replicas = crowd.names.map((name, i) => ({
    name,
    address: crowd.address(name),
    weight: chosen(i) ? weight : 0,
  }));
  agent.publish([{ key: `8080|${HOST}`, routing: 'Endpoint', pinning: false, replicas }], validForMs);
}

/** Who answered, or the status where it was not 200; some requests at a time. */
async function answers(count: number): Promise<string[]> {
  const all: string[] = [];
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, async () => {
      const { statusCode, headers, body } = await request(entry, { headers: { host: HOST }, dispatcher: connections });
      expect(Object.keys(headers).filter((name) => /^(x-lb-|grpc-)/.test(name))).toEqual([]);
      const text = await body.text();
      return statusCode === 200 ? text : String(statusCode);
    });
    all.push(...(await Promise.all(some)));
  }
  return all;
}

it('uses them all, but for those that chance leaves out for long', async () => {
  publish(() => true);
  const seen = new Set<string>();
  await until(async () => {
    for (const name of await answers(400)) seen.add(name);
    return seen.size >= 0.95 * REPLICAS;
  }, 'the replicas to have answered');
  expect([...seen].filter((name) => !crowd.names.includes(name))).toEqual([]);
});

it('follows a table that leaves nearly all of them out', async () => {
  publish((i) => i % 100 === 7);
  const left = ['crowd-107', 'crowd-207', 'crowd-307', 'crowd-407', 'crowd-7'];
  await until(async () => (await answers(64)).every((name) => left.includes(name)), 'the table to be followed');
  expect([...new Set(await answers(400))].toSorted()).toEqual(left);
});

it('answers 503 while every replica is dead, more of them than can be ejected, and recovers', async () => {
  publish(() => true);
  await until(async () => new Set(await answers(64)).size > 10, 'the table to be followed');
  await crowd.kill();
  expect(new Set(await answers(640))).toEqual(new Set(['503']));
  await crowd.revive();
  await until(async () => (await answers(200)).every((name) => name !== '503'), 'all requests to be answered again');
});

it('goes on with the last table while the agent is down, and follows it again after', async () => {
  publish((i) => i === 5);
  await until(async () => (await answers(64)).every((name) => name === 'crowd-5'), 'the table to be followed');
  await agent.pause();
  expect(new Set(await answers(200))).toEqual(new Set(['crowd-5']));
  await agent.resume();
  publish((i) => i === 6);
  await until(async () => (await answers(64)).every((name) => name === 'crowd-6'), 'the table to be followed');
});

it('leaves requests to Istio when the table has run out', async () => {
  publish((i) => i === 3, 2000);
  await until(async () => (await answers(64)).every((name) => name === 'crowd-3'), 'the table to be followed');
  await sleep(2000);
  expect(new Set(await answers(160)).size).toBeGreaterThan(50);
});

it('never trapped', () => {
  expect(envoy.log).not.toMatch(/wasm|ballast/i);
});
