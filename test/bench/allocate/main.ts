/**
 * Times `allocate` from nothing and from the last tick's solution, the whole of `decide`, and HiGHS on the same
 * instance. They take turns, so that other load on the machine affects all of them. One process, one core.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { Allocator } from '../../../central-controller/decide/allocate/allocate.ts';
import { createDecisionMemory, decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import type { Decision } from '../../../contract/decision.ts';
import { type Bench, type BenchContext, type BenchResult, type Round, wholeNumber } from '../support/bench.ts';
import { fuzz } from './fuzz.ts';
import { timeHighs } from './highs.ts';
import { fleet, type FleetSize, nextTick, seeded } from './instances.ts';
import { snapshotOf } from './snapshot.ts';

const LARGE: FleetSize = { nodes: 1000, services: 500, replicas: 10_000 };
const SMALL: FleetSize = { nodes: 100, services: 100, replicas: 1000 };
const SEEDS = [1, 2, 3];

/** Blocks per seed. A block runs HiGHS once, and `allocate` from nothing and from the last solution several times. */
const BLOCKS = 4;
const COLD = 5;
const WARM = 20;
const POLICY = { parameters: DEFAULT_PARAMETERS, manual: [] };

/** Milliseconds and the largest optimality gap of one condition. */
interface Samples {
  readonly cold: number[];
  readonly warm: number[];
  readonly decide: number[];
  readonly highs: number[];
  optimalityGap: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function timed(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

/** @param hasOthers whether `decide` and HiGHS are measured as well */
async function measure(
  size: FleetSize,
  seed: number,
  overload: number,
  hasOthers: boolean,
  { signal }: BenchContext,
): Promise<Samples> {
  const base = fleet(size, seed, overload);
  const now = fleet(size, seed, overload);
  const uniform = seeded(seed + 1000);
  const samples: Samples = { cold: [], warm: [], decide: [], highs: [], optimalityGap: 0 };
  const keep = (allocator: Allocator, times: number[]): void => {
    nextTick(base, now, uniform);
    let optimalityGap = 0;
    times.push(timed(() => (optimalityGap = allocator.allocate(now).optimalityGap)));
    samples.optimalityGap = Math.max(samples.optimalityGap, optimalityGap);
  };
  const warm = new Allocator();
  for (let block = 0; block < BLOCKS; block++) {
    for (let run = 0; run < COLD; run++) keep(new Allocator(), samples.cold);
    warm.allocate(base);
    for (let run = 0; run < WARM; run++) keep(warm, samples.warm);
    if (hasOthers) {
      samples.decide.push(...timeDecide(base, now, uniform));
      samples.highs.push(timeHighs(base));
    }
    await breathe();
    signal.throwIfAborted();
  }
  return samples;
}

function timeDecide(base: ReturnType<typeof fleet>, now: ReturnType<typeof fleet>, uniform: () => number): number[] {
  const memory = createDecisionMemory();
  let decision: Decision | undefined;
  const times: number[] = [];
  for (let tick = 0; tick < WARM; tick++) {
    nextTick(base, now, uniform);
    const snapshot = snapshotOf(now);
    times.push(timed(() => (decision = decide(snapshot, POLICY, decision, tick * 250, memory))));
  }
  return times.slice(1);
}

function roundOf(condition: string, { nodes, services, replicas }: FleetSize, seed: number, samples: Samples): Round {
  const { cold, warm, highs, optimalityGap } = samples;
  const round = { condition, nodes, services, replicas, seed, cold_ms: median(cold), warm_ms: median(warm) };
  const others = { decide_ms: median(samples.decide), highs_ms: median(highs), optimality_gap: optimalityGap };
  return highs.length > 0 ? { ...round, ...others } : { ...round, optimality_gap: optimalityGap };
}

async function run(context: BenchContext): Promise<BenchResult> {
  const { fuzz: samples, seed } = context.options;
  if (samples !== undefined) return fuzz(wholeNumber('--fuzz', samples), wholeNumber('--seed', seed), context);
  return measureAll(context);
}

async function measureAll(context: BenchContext): Promise<BenchResult> {
  const rounds: Round[] = [];
  const all: Record<'large' | 'small' | 'overloaded', Samples[]> = { large: [], small: [], overloaded: [] };
  for (const seed of SEEDS) {
    for (const [condition, size, overload, hasOthers] of [
      ['large', LARGE, 1, true],
      ['small', SMALL, 1, false],
      ['overloaded', LARGE, 3, false],
    ] as const) {
      context.progress(`${condition}, seed ${seed}`);
      const samples = await measure(size, seed, overload, hasOthers, context);
      all[condition].push(samples);
      rounds.push(roundOf(condition, size, seed, samples));
    }
  }
  const over = (samples: readonly Samples[], of: 'cold' | 'warm' | 'decide' | 'highs'): number =>
    median(samples.flatMap((each) => each[of]));
  const warm = over(all.large, 'warm');
  return {
    rounds,
    summary: {
      warm_ms: warm,
      cold_ms: over(all.large, 'cold'),
      optimality_gap: Math.max(...Object.values(all).flatMap((each) => each.map(({ optimalityGap }) => optimalityGap))),
      highs_ratio: over(all.large, 'highs') / warm,
      highs_ms: over(all.large, 'highs'),
      small_warm_ms: over(all.small, 'warm'),
      small_cold_ms: over(all.small, 'cold'),
      overloaded_warm_ms: over(all.overloaded, 'warm'),
      overloaded_cold_ms: over(all.overloaded, 'cold'),
      decide_warm_ms: over(all.large, 'decide'),
    },
  };
}

export const bench: Bench = {
  description: 'Time of the decision at 10,000 replicas, warm and cold, beside HiGHS',
  options: [
    { flags: '--fuzz <samples>', description: 'instead, allocate so many random inputs and check each allocation' },
    { flags: '--seed <number>', description: 'of the random inputs', default: '1' },
  ],
  run,
};
