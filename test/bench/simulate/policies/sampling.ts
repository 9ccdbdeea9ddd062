import type { Random } from '../fleet/ports.ts';

/** One of 0 … count - 1. */
export function anyOf(random: Random, count: number): number {
  return Math.floor(random() * count);
}

/** Two different ones of 0 … count - 1; the same twice where there is only one. */
export function anyPair(random: Random, count: number): readonly [number, number] {
  const first = anyOf(random, count);
  if (count < 2) return [first, first];
  const second = anyOf(random, count - 1);
  return [first, second < first ? second : second + 1];
}

/** `wanted` different ones of 0 … count - 1, all of them if there are no more. Floyd's algorithm. */
export function anyDistinct(random: Random, count: number, wanted: number): Set<number> {
  const chosen = new Set<number>();
  for (let last = Math.max(0, count - wanted); last < count; last++) {
    const candidate = anyOf(random, last + 1);
    chosen.add(chosen.has(candidate) ? last : candidate);
  }
  return chosen;
}

/** The one of 0 … count - 1 with the least score; a random one of those that are equal. */
export function leastAtRandom(random: Random, count: number, score: (candidate: number) => number): number {
  let least = Number.POSITIVE_INFINITY;
  let best: number[] = [];
  for (let candidate = 0; candidate < count; candidate++) {
    const value = score(candidate);
    if (value < least) {
      least = value;
      best = [candidate];
    } else if (value === least) {
      best.push(candidate);
    }
  }
  return best[anyOf(random, best.length)] ?? anyOf(random, count);
}
