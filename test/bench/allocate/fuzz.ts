/** `npm run bench -- allocate --fuzz <samples>`: allocates random hostile inputs and checks each allocation. */
import { setImmediate as yieldToSignals } from 'node:timers/promises';
import fc from 'fast-check';
import { hostileFacts, judgeAllocations } from '../../central-controller/decide/allocate/hostile-facts.ts';
import type { BenchContext, BenchResult } from '../support/bench.ts';

/** Samples per seed. fast-check prefers edge values among the first samples of a seed. */
const CHUNK = 10_000;

/**
 * Throws at the first input that is not solved. The error has the seed and the input in its simplest form.
 *
 * @param seed of the first 10,000 samples; the next 10,000 have the next seed
 */
export async function fuzz(samples: number, seed: number, { progress, signal }: BenchContext): Promise<BenchResult> {
  const counts = new Map<number, number>();
  let largest = 0;
  for (let done = 0; done < samples; done += CHUNK) {
    const property = fc.property(hostileFacts, (facts) => {
      const { gap, faults } = judgeAllocations(facts);
      if (faults.length > 0) throw new Error(faults.join('; '));
      largest = Math.max(largest, gap);
      // Below 1e-16 there is only rounding.
      const decade = Math.max(-16, Math.ceil(Math.log10(gap)));
      counts.set(decade, (counts.get(decade) ?? 0) + 1);
    });
    fc.assert(property, { seed: seed + done / CHUNK, numRuns: Math.min(CHUNK, samples - done) });
    progress(`${Math.min(done + CHUNK, samples)} of ${samples} samples, largest optimality gap ${largest}`);
    await yieldToSignals();
    signal.throwIfAborted();
  }
  const decades = [...counts].toSorted(([a], [b]) => a - b);
  return {
    rounds: decades.map(([decade, count]) => ({ gap_at_most: Number(`1e${decade}`), samples: count })),
    summary: { seed, samples, allocations: 3 * samples, optimality_gap: largest },
  };
}
