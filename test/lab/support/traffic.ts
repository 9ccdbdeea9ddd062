/** Load through the ingress gateway, and who answered it. */
import { type TaskMeta, TestRunner } from 'vitest';
import { readMix } from '../../../tools/load-generator/flags.ts';
import { type Load, type LoadOptions, runLoad } from '../../../tools/load-generator/load.ts';
import type { LoadResult } from '../../../tools/load-generator/send/open-loop.ts';

/** Requests per second. */
export const RATE = 100;

/** Requests per second of all kinds. */
const TOURISTS = 30;

/** A request that takes three proxies and two services: gateway, frontend, user. */
const LOG_IN = '/user?username=Cornell_1&password=1111111111';

declare module 'vitest' {
  interface TaskMeta {
    /** Requests of a test's load, and how many of them failed: read by `npm run lab -- matrix`. */
    requests?: { due: number; failed: number };
  }
}

type Meta = Pick<TaskMeta, 'requests'>;

/** Adds the load's requests to the report of the test that started it. */
function counted(load: Load): Load {
  const meta: Meta | undefined = TestRunner.getCurrentTest()?.meta;
  if (meta) void count(load, meta);
  return load;
}

async function count(load: Load, meta: Meta): Promise<void> {
  const { due, failed } = await load.finished;
  meta.requests = { due: (meta.requests?.due ?? 0) + due, failed: (meta.requests?.failed ?? 0) + failed };
}

type Headers = Readonly<Record<string, string>>;

function optionsOf(ingress: URL, headers: Headers): LoadOptions {
  return {
    url: new URL(LOG_IN, ingress),
    mix: { name: 'log in', parameters: {}, requests: [{ name: 'log in', weight: 1, method: 'GET', path: '' }] },
    rate: RATE,
    connections: 50,
    timeoutSeconds: 20,
    seed: 1,
    headers,
    replicaHeader: 'x-served-by',
  };
}

/** The hotel application's own mix, with each kind of request as often as any other: so that every service is asked. */
export function startTourists(ingress: URL): Load {
  const mix = readMix('hotel');
  if (!mix.ok) throw new Error(mix.failure.message);
  const requests = mix.value.requests.map((request) => ({ ...request, weight: 1 }));
  return counted(runLoad({ ...optionsOf(ingress, {}), url: ingress, rate: TOURISTS, mix: { ...mix.value, requests } }));
}

/** Load that goes on until it is stopped. Its result counts answers by the replica that `x-served-by` names. */
export function startTraffic(ingress: URL, headers: Headers = {}): Load {
  return counted(runLoad(optionsOf(ingress, headers)));
}

/** Load from before something happens until after it; what became of all requests. */
export async function loadDuring(ingress: URL, happening: () => Promise<void>): Promise<LoadResult> {
  const load = startTraffic(ingress);
  try {
    await happening();
  } finally {
    await load.stop();
  }
  return load.finished;
}

/** What became of requests, for a failed expectation to show. */
export function summaryOf({ due, answered, failed, failures, statuses, replicas }: LoadResult): object {
  return { due, answered, failed, failures, statuses, replicas };
}

/** How many of so many requests each replica of the frontend answers. */
export async function replicasOf(ingress: URL, count: number, headers: Headers = {}): Promise<Record<string, number>> {
  const load = counted(runLoad({ ...optionsOf(ingress, headers), durationSeconds: count / RATE }));
  const result = await load.finished;
  if (result.failed > 0) throw new Error(`requests failed: ${JSON.stringify(summaryOf(result))}`);
  return result.replicas;
}
