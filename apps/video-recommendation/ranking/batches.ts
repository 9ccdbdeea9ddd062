/** Questions about many things in batches that the asked service takes. */
import { type Answer, answered } from '../http/answer.ts';

/** In order, none empty, none larger than `size`. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  return batches;
}

/** All batches are asked for at once; the answer is all of theirs in order, or the first refusal. */
export async function askInBatches<T>(
  ids: readonly number[],
  size: number,
  ask: (batch: readonly number[]) => Promise<Answer<readonly T[]>>,
): Promise<Answer<T[]>> {
  const answers = await Promise.all(inBatches(ids, size).map(ask));
  const found: T[] = [];
  for (const answer of answers) {
    if (!answer.ok) return answer;
    found.push(...answer.value);
  }
  return answered(found);
}
