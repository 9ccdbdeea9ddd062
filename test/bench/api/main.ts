/**
 * `npm run bench -- api`: how fast the controller answers reads of weights while it goes on
 * deciding on live reports and a hundred listeners follow its decisions. The controller is one process as it ships, and
 * Node.js answers on one core; the clients are another process.
 */
import { readFileSync } from 'node:fs';
import * as hdr from 'hdr-histogram-js';
import { Agent, type Dispatcher, Pool, request } from 'undici';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import type { Fleet } from '../support/fleet.ts';
import { startLiveController } from '../support/live-controller.ts';

const NAMESPACE = 'shop';
const SERVICES = Array.from({ length: 8 }, (_, index) => `service-${index}`);
const FLEET: Fleet = {
  nodes: Array.from({ length: 4 }, (_, index) => `node-${index}`),
  services: SERVICES.map((name) => ({ namespace: NAMESPACE, name })),
};
const TICK_MS = 250;
const LISTENERS = 100;
const READERS = 32;
/** Time for the controller to learn what replicas cost, and for its code to be compiled. */
const WARM_UP_SECONDS = 5;

/** Listeners that read all they are sent. Returns how many bytes each received. */
async function listen(origin: string, agent: Dispatcher, signal: AbortSignal): Promise<number[]> {
  const bytes = Array.from({ length: LISTENERS }, () => 0);
  await Promise.all(
    bytes.map(async (_, index) => {
      const { body } = await request(`${origin}/api/v1/stream`, { dispatcher: agent, signal });
      body
        .on('error', () => undefined)
        .on('data', (piece: Buffer) => (bytes[index] = (bytes[index] ?? 0) + piece.length));
    }),
  );
  return bytes;
}

/** Reads weights as fast as the answers come. Each reader has one request at a time. */
async function read(pool: Pool, seconds: number, signal: AbortSignal, latencies: hdr.Histogram): Promise<number> {
  const path = `/api/v1/services/${NAMESPACE}/${SERVICES[0]}/weights`;
  const end = performance.now() + seconds * 1000;
  let done = 0;
  const reader = async (): Promise<void> => {
    for (let at = performance.now(); at < end && !signal.aborted; at = performance.now()) {
      const { statusCode, body } = await pool.request({ path, method: 'GET' });
      await body.dump();
      if (statusCode !== 200) throw new Error(`a read of weights was answered by ${statusCode}`);
      latencies.recordValue(Math.round((performance.now() - at) * 1000));
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return done;
}

/** The largest delay of a tick, ms. */
async function tickLateness(origin: string, sinceTick: number): Promise<number> {
  const { body } = await request(`${origin}/api/v1/decisions?limit=1000`);
  const { decisions } = (await body.json()) as { decisions: { tick: number; at: number }[] };
  const times = decisions.filter(({ tick }) => tick >= sinceTick).map(({ at }) => at);
  return times.slice(1).reduce((most, at, index) => Math.max(most, (times[index] ?? at) - at - TICK_MS), 0);
}

async function latestTick(origin: string): Promise<number> {
  const { body } = await request(`${origin}/api/v1/decisions?limit=1`);
  const { decisions } = (await body.json()) as { decisions: { tick: number }[] };
  return decisions[0]?.tick ?? 0;
}

/** CPU time that the process has used; Linux counts it in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measure(origin: string, pid: number, seconds: number, context: BenchContext): Promise<Round> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.signal]);
  const listeners = new Agent({ connections: LISTENERS, bodyTimeout: 0 });
  const pool = new Pool(origin, { connections: READERS });
  try {
    context.progress(`warming up for ${WARM_UP_SECONDS} s`);
    const heard = await listen(origin, listeners, signal);
    await read(pool, WARM_UP_SECONDS, signal, hdr.build());
    context.progress(`reading weights for ${seconds} s`);
    const sinceTick = await latestTick(origin);
    const before = [...heard];
    const latencies = hdr.build();
    const startedAt = performance.now();
    const usedBefore = cpuSeconds(pid);
    const done = await read(pool, seconds, signal, latencies);
    const used = cpuSeconds(pid) - usedBefore;
    const elapsed = (performance.now() - startedAt) / 1000;
    return {
      reads: done,
      seconds: Number(elapsed.toFixed(3)),
      reads_per_second: Math.round(done / elapsed),
      cpu_seconds: Number(used.toFixed(2)),
      reads_per_cpu_second: Math.round(done / used),
      p50_ms: latencies.getValueAtPercentile(50) / 1000,
      p99_ms: latencies.getValueAtPercentile(99) / 1000,
      tick_late_ms: Number((await tickLateness(origin, sinceTick)).toFixed(1)),
      stream_clients: heard.filter((bytes, index) => bytes > (before[index] ?? 0)).length,
    };
  } finally {
    stop.abort();
    await Promise.all([listeners.destroy(), pool.destroy()]);
  }
}

async function run(context: BenchContext): Promise<BenchResult> {
  await using controller = await startLiveController(FLEET);
  const seconds = Number(context.options['seconds'] ?? 5);
  const round = await measure(controller.origin, controller.pid, seconds, context);
  const figure = (key: string): number => Number(round[key]);
  const keys = ['reads_per_second', 'reads_per_cpu_second', 'p99_ms', 'tick_late_ms', 'stream_clients'];
  return { rounds: [round], summary: Object.fromEntries(keys.map((key) => [key, figure(key)])) };
}

export const bench: Bench = {
  description: 'Reads of weights beside a live control loop and a hundred listeners',
  options: [{ flags: '--seconds <count>', description: 'how long to read, at most 10', default: '5' }],
  run,
};
