/** `npm run bench -- allocate --fuzz <samples>`: random hostile inputs, each of which must be solved. */
import { setImmediate as yieldToSignals } from 'node:timers/promises';
import fc from 'fast-check';
import { hostileFacts, judgeAllocations } from '../../central-controller/decide/allocate/hostile-facts.ts';
import type { BenchContext, BenchResult } from '../support/bench.ts';

/** Samples of one seed. fast-check tries values at the edges the more, the fewer samples it is asked for. */
const CHUNK = 10_000;

/**
 * Ends at the first input that is not solved, with an error that holds it in its simplest form.
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
      // Below 1e-16 all is rounding.
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
    summary: { seed, samples, allocations: 3 * samples, largest_gap: largest },
  };
}
