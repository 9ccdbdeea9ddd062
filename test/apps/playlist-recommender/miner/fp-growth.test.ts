import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frequentItemsets } from '../../../../apps/playlist-recommender/miner/fp-growth.ts';

/** Itemsets by the names of their items, such as `cfm: 3`. */
function named(transactions: readonly string[], minCount: number): string[] {
  const coded = transactions.map((items) => [...items].map((item) => item.charCodeAt(0)));
  return (frequentItemsets(coded, { minCount }) ?? [])
    .map(({ items, count }) => `${String.fromCharCode(...items)}: ${count}`)
    .toSorted();
}

test('finds what Han, Pei and Yin find in their example (SIGMOD 2000, tables 1 and 2)', () => {
  const found = named(['facdgimp', 'abcflmo', 'bfhjo', 'bcksp', 'afcelpmn'], 3);
  const single = ['a: 3', 'b: 3', 'c: 4', 'f: 4', 'm: 3', 'p: 3'];
  const withM = ['am: 3', 'cm: 3', 'fm: 3', 'acm: 3', 'afm: 3', 'cfm: 3', 'acfm: 3'];
  const withoutM = ['cp: 3', 'ac: 3', 'af: 3', 'acf: 3', 'cf: 3'];
  expect(found).toEqual([...single, ...withM, ...withoutM].toSorted());
});

test('finds nothing in nothing, and everything where one transaction is enough', () => {
  expect(frequentItemsets([], { minCount: 1 })).toEqual([]);
  expect(named(['abc'], 1)).toEqual(['a: 1', 'ab: 1', 'abc: 1', 'ac: 1', 'b: 1', 'bc: 1', 'c: 1']);
  expect(named(['abc'], 2)).toEqual([]);
});

test('finds what counting all sets of items finds', () => {
  const items = 6;
  const transaction = fc.uniqueArray(fc.integer({ min: 0, max: items - 1 }), { maxLength: items });
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (transactions, minCount) => {
      const expected: string[] = [];
      for (let mask = 1; mask < 2 ** items; mask++) {
        const set = Array.from({ length: items }, (_, item) => item).filter((item) => mask & (1 << item));
        const count = transactions.filter((held) => set.every((item) => held.includes(item))).length;
        if (count >= minCount) expected.push(`${set.join()}: ${count}`);
      }
      const found = frequentItemsets(transactions, { minCount })?.map(
        ({ items: set, count }) => `${set.join()}: ${count}`,
      );
      expect(found?.toSorted()).toEqual(expected.toSorted());
    }),
  );
});

test('finds no more items together than it may, and stops when it is told to', () => {
  const transactions = [[1, 2, 3]];
  const pairs = frequentItemsets(transactions, { minCount: 1, maxItems: 2 })?.map(({ items }) => items.join());
  expect(pairs?.toSorted()).toEqual(['1', '1,2', '1,3', '2', '2,3', '3']);
  const seen: string[] = [];
  const isEnough = ({ items }: { items: readonly number[] }) => seen.push(items.join()) === 3;
  expect(frequentItemsets(transactions, { minCount: 1, isEnough })).toBeUndefined();
  expect(seen).toHaveLength(3);
});
