/**
 * `override_host` beside the session filter of Endpoint routing, in real Envoys. Every request names the same replica,
 * and by `override_host` a second one. That replica is healthy, killed under load, full (503 at once), ejected, draining,
 * or not ready; the proxy hears nothing of a plugin.
 */
import { Pool } from 'undici';
import { EnvoyProcess } from '../../envoy/support/envoy-process.ts';
import { cpuNanoseconds } from '../plugin/process.ts';
import { type Bench, type BenchContext, type BenchResult, type Round, wholeNumber } from '../support/bench.ts';
import { type Health, LISTENER, type Method, METHODS, naming, proxySetup } from './proxy.ts';
import { Replica } from './replica.ts';

const CONDITIONS = ['healthy', 'killed', 'full', 'ejected', 'draining', 'not-ready'] as const;
type Condition = (typeof CONDITIONS)[number];

const CALLERS = 8;
const HEALTH: Partial<Record<Condition, Health>> = { draining: 'DRAINING', 'not-ready': 'UNHEALTHY' };

interface Row extends Round {
  readonly condition: Condition;
  readonly method: Method;
  readonly requests: number;
  /** Status other than 200. */
  readonly failed: number;
  /** Of these, sent to the replica before it was killed: nothing may send them again. */
  readonly cut_off: number;
  /** Attempts that reached the named replica, per request. */
  readonly to_named: number;
  /** Part of the requests that the second choice answered. */
  readonly on_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us: number;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

interface Answers {
  readonly latencies: number[];
  readonly byReplica: Map<string, number>;
  failed: number;
}

/** Eight callers, each with one request at a time; `halfway` runs once while they do. */
async function load(
  pool: Pool,
  headers: Record<string, string>,
  count: number,
  halfway?: () => void,
): Promise<Answers> {
  const answers: Answers = { latencies: [], byReplica: new Map(), failed: 0 };
  let sent = 0;
  const caller = async () => {
    while (sent < count) {
      if (++sent === Math.floor(count / 2)) halfway?.();
      const start = performance.now();
      const { statusCode, headers: answered, body } = await pool.request({ path: '/', method: 'GET', headers });
      await body.dump();
      answers.latencies.push(performance.now() - start);
      if (statusCode !== 200) answers.failed++;
      const name = String(answered['x-replica']);
      answers.byReplica.set(name, (answers.byReplica.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return answers;
}

async function measure(method: Method, condition: Condition, count: number): Promise<Row> {
  await using named = await Replica.start();
  await using second = await Replica.start();
  await using third = await Replica.start();
  const addresses = [named.address, second.address, third.address];
  const ejects = condition === 'ejected';
  await using envoy = await EnvoyProcess.start(proxySetup(method, addresses, HEALTH[condition] ?? 'HEALTHY', ejects));
  const pool = new Pool(`http://${await envoy.address(LISTENER)}`, { connections: CALLERS });
  try {
    const headers = naming(method, [named.address, second.address]);
    if (ejects) named.full = true;
    // Connections, caches, and where it is to happen the ejection.
    await load(pool, headers, 200);
    if (ejects && (await envoy.counter(`cluster.${LISTENER}.outlier_detection.ejections_active`)) !== 1) {
      throw new Error('the full replica was not ejected');
    }
    named.full = condition === 'full' || ejects;
    const reached = named.reached;
    const before = await cpuNanoseconds(envoy.pid);
    const halfway = condition === 'killed' ? () => named.kill() : undefined;
    const { latencies, byReplica, failed } = await load(pool, headers, count, halfway);
    const cpu = (await cpuNanoseconds(envoy.pid)) - before;
    latencies.sort((a, b) => a - b);
    return {
      condition,
      method,
      requests: count,
      failed,
      cut_off: await envoy.counter(`cluster.${LISTENER}.upstream_cx_destroy_remote_with_active_rq`),
      to_named: (named.reached - reached) / count,
      on_second: (byReplica.get(second.address) ?? 0) / count,
      p50_ms: quantile(latencies, 0.5),
      p99_ms: quantile(latencies, 0.99),
      cpu_us: cpu / count / 1000,
    };
  } finally {
    await pool.destroy();
  }
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function summarise(rows: readonly Row[]): Record<string, number> {
  const summary: Record<string, number> = {};
  for (const condition of CONDITIONS) {
    for (const method of METHODS) {
      const own = rows.filter((row) => row.condition === condition && row.method === method);
      const name = `${condition.replace('-', '_')}_${method}`;
      summary[`${name}_failed`] = own.reduce((sum, { failed }) => sum + failed, 0);
      summary[`${name}_cut_off`] = own.reduce((sum, { cut_off }) => sum + cut_off, 0);
      summary[`${name}_to_named`] = median(own.map(({ to_named }) => to_named));
      summary[`${name}_on_second`] = median(own.map(({ on_second }) => on_second));
      summary[`${name}_p99_ms`] = median(own.map(({ p99_ms }) => p99_ms));
      summary[`${name}_cpu_us`] = median(own.map(({ cpu_us }) => cpu_us));
    }
  }
  return summary;
}

async function run({ options, progress, signal }: BenchContext): Promise<BenchResult> {
  const count = wholeNumber('--requests', options['requests']);
  const repetitions = wholeNumber('--rounds', options['rounds']);
  const rounds: Row[] = [];
  for (let round = 0; round < repetitions; round++) {
    for (const condition of CONDITIONS) {
      for (const method of round % 2 === 0 ? METHODS : METHODS.toReversed()) {
        signal.throwIfAborted();
        const row = await measure(method, condition, count);
        progress(
          `round ${round + 1}: ${condition}, ${method}: ${row.failed} failed, ${row.cut_off} cut off, p99 ${row.p99_ms.toFixed(1)} ms, ` +
            `${row.to_named.toFixed(2)} attempts at the named one, ${(100 * row.on_second).toFixed(0)} % on the second`,
        );
        rounds.push(row);
      }
    }
  }
  return { rounds, summary: summarise(rounds) };
}

export const bench: Bench = {
  description: 'A second choice by override_host beside the session filter of Endpoint routing, in real Envoys',
  options: [
    { flags: '--requests <count>', description: 'requests in each condition', default: '2000' },
    { flags: '--rounds <count>', description: 'repetitions of all conditions', default: '5' },
  ],
  run,
};
