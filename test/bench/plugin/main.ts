/**
 * What the plugin costs: CPU time of a real Envoy per request, with and without it, against the same draw in Lua; what
 * more replicas cost; and whether memory grows. One worker on one core; the load, the replicas and the agents are on
 * the other. The proxies of all variants run at once and get the load in turns, in several rounds.
 */
import { availableParallelism } from 'node:os';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { measureCost } from './cost.ts';
import { measureMemory } from './memory.ts';
import { pin } from './process.ts';
import { startUpstream, startVariant, type Variant, type VariantSpec } from './variants.ts';

const RATE = 3000;
const ROUNDS = 40;
/** Short, so that what else happens on the machine falls on all variants alike. */
const SECONDS = 0.5;
const WARM_UP_SECONDS = 4;
const PROXY_CORE = 0;
const OTHER_CORE = 1;

const SPECS: readonly VariantSpec[] = [
  { name: 'none', filter: 'none', proxy: 'sidecar', replicas: 10 },
  { name: 'session', filter: 'session', proxy: 'sidecar', replicas: 10 },
  { name: 'ballast 10', filter: 'plugin', proxy: 'sidecar', replicas: 10 },
  { name: 'lua 10', filter: 'lua', proxy: 'sidecar', replicas: 10 },
  { name: 'none 1000', filter: 'none', proxy: 'sidecar', replicas: 1000 },
  { name: 'ballast 100', filter: 'plugin', proxy: 'sidecar', replicas: 100 },
  { name: 'ballast 1000', filter: 'plugin', proxy: 'sidecar', replicas: 1000 },
  { name: 'lua 1000', filter: 'lua', proxy: 'sidecar', replicas: 1000 },
  { name: 'bare none', filter: 'none', proxy: 'bare', replicas: 10 },
  { name: 'bare ballast', filter: 'plugin', proxy: 'bare', replicas: 10 },
];

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

async function measureRounds(variants: readonly Variant[], { progress, signal }: BenchContext): Promise<Round[]> {
  for (const variant of variants) await measureCost(variant, RATE, WARM_UP_SECONDS, signal);
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const costs: Record<string, number> = {};
    // Each variant has each place in the order in turn.
    for (let i = 0; i < variants.length; i++) {
      const variant = variants[(i + round) % variants.length];
      if (!variant) continue;
      costs[variant.name] = (await measureCost(variant, RATE, SECONDS, signal)).microseconds;
    }
    const row = Object.fromEntries(variants.map(({ name }) => [name, costs[name] ?? NaN]));
    progress(
      `round ${round + 1}: ${Object.entries(row)
        .map(([name, us]) => `${name} ${us.toFixed(1)}`)
        .join(', ')} µs`,
    );
    rounds.push(row);
  }
  return rounds;
}

/** Medians over the rounds of each variant's cost and of the ratios within a round. */
function summarise(rounds: readonly Round[]): Record<string, number> {
  const ratios = (a: string, b: string): number[] =>
    rounds.map((round) => Number(round[a]) / Number(round[b])).toSorted((x, y) => x - y);
  const cpuRatios = ratios('ballast 10', 'none');
  return {
    cpu_ratio: median(cpuRatios),
    cpu_ratio_quartile_1: cpuRatios[Math.floor(cpuRatios.length / 4)] ?? NaN,
    cpu_ratio_quartile_3: cpuRatios[Math.floor((3 * cpuRatios.length) / 4)] ?? NaN,
    bare_cpu_ratio: median(ratios('bare ballast', 'bare none')),
    session_cpu_ratio: median(ratios('session', 'none')),
    lua_cpu_ratio: median(ratios('lua 10', 'none')),
    lua_ratio: median(ratios('ballast 10', 'lua 10')),
    lua_1000_ratio: median(ratios('ballast 1000', 'lua 1000')),
    replicas_100_over_10: median(ratios('ballast 100', 'ballast 10')),
    replicas_1000_over_10: median(ratios('ballast 1000', 'ballast 10')),
    none_1000_over_10: median(ratios('none 1000', 'none')),
    lua_1000_over_10: median(ratios('lua 1000', 'lua 10')),
    ...Object.fromEntries(
      SPECS.map(({ name }) => [`${name.replace(' ', '_')}_us`, median(rounds.map((round) => Number(round[name])))]),
    ),
  };
}

async function run(context: BenchContext): Promise<BenchResult> {
  if (availableParallelism() < 2)
    throw new Error('this benchmark needs two cores: one for the proxy, one for the load');
  const wasm = await buildPlugin();
  await pin(process.pid, OTHER_CORE);
  await using started = new AsyncDisposableStack();
  const { port } = started.use(await startUpstream(OTHER_CORE));
  const variants: Variant[] = [];
  for (const spec of SPECS) variants.push(started.use(await startVariant(spec, wasm, port, PROXY_CORE)));
  const rounds = await measureRounds(variants, context);
  const growth = await measureMemory(variants, context);
  return { rounds, summary: { ...summarise(rounds), memory_growth_mb: growth } };
}

export const bench: Bench = { description: 'CPU time and memory that the plugin costs a real Envoy', run };
