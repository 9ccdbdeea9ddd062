/**
 * What a refusal with a second pick would cost in a real Envoy. A proxy-wasm plugin cannot send a request again, so the
 * second pick is the router's retry: it waits its back-off first, and Envoy's own balancer chooses. Both are measured
 * with what already takes that way: a replica's sidecar answering that its application never saw the request.
 */
import { request } from 'undici';
import { until } from '../envoy/support/envoy-process.ts';
import { SmallMesh } from '../envoy/support/small-mesh.ts';
import type { Bench, BenchContext, BenchResult, Round } from './support/bench.ts';

const ROUNDS = 5;
const REQUESTS = 200;
/** Requests that other callers hold in flight at the full replica. */
const HELD = 20;
const HOLD_MS = 60_000;

const REFUSING = 'echo-0';
const FULL = 'echo-1';

interface Timed {
  /** Milliseconds, ascending. */
  readonly latencies: readonly number[];
  /** Part of them that `FULL` answered. */
  readonly onFull: number;
}

async function measure(mesh: SmallMesh, replica: string): Promise<Timed> {
  const latencies: number[] = [];
  let onFull = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const sent = performance.now();
    const { status, name } = await mesh.get({ 'x-lb-endpt': replica });
    if (status !== 200) throw new Error(`status ${status}: a retry did not find a replica that answers`);
    latencies.push(performance.now() - sent);
    if (name === FULL) onFull++;
  }
  return { latencies: latencies.toSorted((a, b) => a - b), onFull: onFull / REQUESTS };
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Keeps requests of others in flight at the full replica, past the caller's proxy, which therefore knows nothing. */
async function fill(mesh: SmallMesh, signal: AbortSignal): Promise<void> {
  const application = mesh.application(FULL);
  const address = mesh.service.endpoints.find(({ name }) => name === FULL)?.address;
  const before = application.seen;
  application.delayMs = HOLD_MS;
  for (let i = 0; i < HELD; i++) void request(`http://${address}/`, { signal }).catch(() => undefined);
  await until(() => application.seen - before === HELD, 'the replica to be full');
  application.delayMs = 0;
}

async function run({ progress, signal }: BenchContext): Promise<BenchResult> {
  await using mesh = await SmallMesh.start({ routing: 'Endpoint', sidecars: true });
  const stop = new AbortController();
  try {
    await mesh.send('echo-2');
    await mesh.application(REFUSING).kill();
    await fill(mesh, stop.signal);
    mesh.agent.publish([mesh.assignment([0, 0, 1], { pinning: true })]);
    await until(async () => (await mesh.get({ 'x-lb-endpt': FULL })).name === FULL, 'pins to be honoured');
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted();
      const direct = await measure(mesh, 'echo-2');
      const again = await measure(mesh, REFUSING);
      const row = {
        direct_mean_ms: mean(direct.latencies),
        second_mean_ms: mean(again.latencies),
        direct_p99_ms: quantile(direct.latencies, 0.99),
        second_p99_ms: quantile(again.latencies, 0.99),
        second_on_full_part: again.onFull,
      };
      progress(
        `round ${round + 1}: direct ${row.direct_mean_ms.toFixed(1)} ms, after a refusal ` +
          `${row.second_mean_ms.toFixed(1)} ms, ${(100 * row.second_on_full_part).toFixed(0)} % of them at the full one`,
      );
      rounds.push(row);
    }
    const over = (name: keyof (typeof rounds)[number]): number => mean(rounds.map((row) => Number(row[name])));
    return {
      rounds,
      summary: {
        delay_mean_ms: over('second_mean_ms') - over('direct_mean_ms'),
        delay_p99_ms: over('second_p99_ms') - over('direct_p99_ms'),
        second_on_full_part: over('second_on_full_part'),
      },
    };
  } finally {
    stop.abort();
  }
}

export const bench: Bench = { description: 'Delay and choice of a second pick by the router, in a real Envoy', run };
