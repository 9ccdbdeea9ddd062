/**
 * What the plugin costs: CPU time of a real Envoy per request, with and without it, against the same draw in Lua; what
 * more replicas cost; and whether memory grows. One worker on one core; the load, the replicas and the agents are on
 * the other. The proxies of all variants run at once and get the load in turns, in several rounds.
 */
import { availableParallelism } from 'node:os';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { measureCost } from './cost.ts';
import { summarise, summariseMesh } from './figures.ts';
import { buildIdlePlugin } from './idle-plugin.ts';
import { measureMemory } from './memory.ts';
import { MESH_SPECS, type MeshVariant, startMeshVariant } from './mesh-variants.ts';
import { createMutualTls } from './mutual-tls.ts';
import { keepAwake, pin } from './process.ts';
import { writeDocs } from './report.ts';
import { type Environment, type Measured, RATE, SPECS, startUpstream, startVariant, type Variant } from './variants.ts';

const ROUNDS = 60;
/** Short turns, so that other load on the machine affects all variants alike. */
const SECONDS = 0.25;
const WARM_UP_SECONDS = 4;
const PROXY_CORE = 0;
const OTHER_CORE = 1;

async function measureRounds(
  variants: readonly Measured[],
  { progress, signal }: BenchContext,
  count: number,
): Promise<Round[]> {
  for (const variant of variants) await measureCost(variant, RATE, WARM_UP_SECONDS, signal);
  const rounds: Round[] = [];
  for (let round = 0; round < count; round++) {
    const costs: Record<string, number> = {};
    // Each variant has each position in the order in turn.
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

/** The proxies that call three services, each with its costs in every round. */
async function measureMesh(environment: Environment, context: BenchContext, count: number): Promise<BenchResult> {
  await using started = new AsyncDisposableStack();
  const variants: MeshVariant[] = [];
  for (const spec of MESH_SPECS) variants.push(started.use(await startMeshVariant(spec, environment)));
  const rounds = await measureRounds(variants, context, count);
  return { rounds, summary: summariseMesh(rounds, variants.at(-1)?.tableBytes ?? NaN) };
}

async function run(context: BenchContext): Promise<BenchResult> {
  if (availableParallelism() < 2)
    throw new Error('this benchmark needs two cores: one for the proxy, one for the load');
  const count = Number(context.options['rounds']);
  if (!Number.isInteger(count) || count < 1) throw new Error('--rounds must be a whole number from 1 on');
  if (!['all', 'mesh'].includes(context.options['only'] ?? '')) throw new Error('--only must be all or mesh');
  const wasm = await buildPlugin();
  await pin(process.pid, OTHER_CORE);
  await using started = new AsyncDisposableStack();
  const tls = started.use(await createMutualTls());
  const upstream = started.use(await startUpstream(OTHER_CORE, tls));
  const { path: idle } = started.use(await buildIdlePlugin());
  const environment = { wasm, idle, upstream, tls, core: PROXY_CORE };
  using _awake = keepAwake(PROXY_CORE);
  const mesh = await measureMesh(environment, context, count);
  if (context.options['only'] === 'mesh') return mesh;
  const variants: Variant[] = [];
  for (const spec of SPECS) variants.push(started.use(await startVariant(spec, environment)));
  const rounds = await measureRounds(variants, context, count);
  const names = SPECS.map(({ name }) => name);
  const growth = await measureMemory(variants, context);
  const result = { rounds, summary: { ...summarise(rounds, names), ...mesh.summary, memory_growth_mb: growth } };
  if (count >= ROUNDS) context.progress(`Table and picture: ${(await writeDocs(result, RATE, 'docs')).join(', ')}`);
  return result;
}

export const bench: Bench = {
  description:
    'CPU time and memory that the plugin costs a real Envoy. A whole run renews the table and picture in docs',
  options: [
    { flags: '--rounds <count>', description: 'how often each variant is measured', default: String(ROUNDS) },
    {
      flags: '--only <part>',
      description: 'all, or mesh: three services in a mesh of 10,000 replicas',
      default: 'all',
    },
  ],
  run,
};
