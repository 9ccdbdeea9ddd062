/** Whether the proxy's memory grows with the requests it has served. */
import type { BenchContext } from '../support/bench.ts';
import { measureCost } from './cost.ts';
import { residentMegabytes } from './process.ts';
import type { Variant } from './variants.ts';

/** About the most that the generator can send beside the replicas. */
const RATE = 4000;
const STEP = 100_000;
const STEPS = 10;

/** Resident memory at 1,000,000 requests less that at 100,000, MB. */
export async function measureMemory(variants: readonly Variant[], { progress, signal }: BenchContext): Promise<number> {
  const variant = variants.find(({ name }) => name === 'ballast 10');
  if (!variant) throw new Error('no variant to measure the memory of');
  let early = NaN;
  let late = NaN;
  for (let step = 1; step <= STEPS; step++) {
    await measureCost(variant, RATE, STEP / RATE, signal);
    late = await residentMegabytes(variant.pid);
    if (step === 1) early = late;
    progress(`${step * STEP} requests: ${late.toFixed(1)} MB`);
  }
  return late - early;
}
