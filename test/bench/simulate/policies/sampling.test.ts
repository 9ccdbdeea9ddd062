import { describe, expect, test } from 'vitest';
import { randomStream } from '../fleet/random.ts';
import { anyDistinct, anyPair, leastAtRandom } from './sampling.ts';

const random = randomStream(1, 'sampling');
const draws = Array.from({ length: 2000 });

test('a pair is two different ones, and all are as likely', () => {
  const counts = [0, 0, 0, 0];
  for (const _ of draws) {
    const [first, second] = anyPair(random, 4);
    expect(first).not.toBe(second);
    for (const one of [first, second]) counts[one] = (counts[one] ?? 0) + 1;
  }
  for (const count of counts) expect(count / 1000).toBeCloseTo(1, 0);
});

test('where there is one it is drawn twice', () => {
  expect(anyPair(random, 1)).toEqual([0, 0]);
});

describe('distinct ones', () => {
  test('are as many as wanted, or all', () => {
    expect(anyDistinct(random, 10, 3).size).toBe(3);
    expect([...anyDistinct(random, 2, 3)].toSorted()).toEqual([0, 1]);
  });

  test('are any, each as likely', () => {
    const counts = [0, 0, 0, 0, 0];
    for (const _ of draws) for (const one of anyDistinct(random, 5, 2)) counts[one] = (counts[one] ?? 0) + 1;
    for (const count of counts) expect(count / 800).toBeCloseTo(1, 0);
  });
});

test('of the least scores any is drawn', () => {
  const scores = [3, 1, 2, 1];
  const drawn = new Set(draws.map(() => leastAtRandom(random, scores.length, (index) => scores[index] ?? 0)));
  expect([...drawn].toSorted()).toEqual([1, 3]);
});
