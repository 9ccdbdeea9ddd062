/**
 * Rules with one item as the consequent (Agrawal, Imieliński, Swami: "Mining Association Rules between Sets of Items in
 * Large Databases", SIGMOD 1993). Pure.
 */
import type { Rule } from '../model/model.ts';
import { frequentItemsets, type Itemset } from './fp-growth.ts';

export interface Thresholds {
  /** Minimum fraction of the playlists that have all songs of a rule, above 0 and at most 1. */
  readonly minSupport: number;
  /** Minimum fraction of the playlists with the antecedent that also have the consequent, 0 to 1. */
  readonly minConfidence: number;
  /** Maximum number of songs in a rule, antecedent and consequent together. */
  readonly maxSongs?: number;
  /** Maximum number of rules, before those without enough confidence are left out. */
  readonly maxRules?: number;
  /** Maximum time of the search, seconds. */
  readonly maxSeconds?: number;
}

/** Rarer combinations may be chance. The bounds are for data sets in which many playlists share many songs. */
export const DEFAULT_THRESHOLDS: Required<Thresholds> = {
  minSupport: 0.025,
  minConfidence: 0.6,
  maxSongs: 8,
  maxRules: 500_000,
  maxSeconds: 60,
};

export interface MinedRules {
  /** The most confident first, and among equal ones those with more support. */
  readonly rules: readonly Rule[];
  /** Set if rules were left out: the number of songs up to which all rules are there, and the bound that was reached. */
  readonly cut?: { readonly maxSongs: number; readonly bound: 'maxRules' | 'maxSeconds' };
}

/**
 * Rules between the songs of playlists. If there are too many within the bounds, the rules with more songs are left out,
 * as many sizes as necessary.
 * @param now ms of a monotonic clock
 */
export function associationRules(
  playlists: readonly ReadonlySet<string>[],
  thresholds: Thresholds,
  now: () => number = () => performance.now(),
): MinedRules {
  const songs = [...new Set(playlists.flatMap((playlist) => [...playlist]))].toSorted();
  const numbers = new Map(songs.map((song, number) => [song, number]));
  const transactions = playlists.map((playlist) => [...playlist].flatMap((song) => numbers.get(song) ?? []));
  // The epsilon is for rounding errors: 0.07 * 100 is 7.000000000000001, which must not require 8 playlists.
  const minCount = Math.max(1, Math.ceil(thresholds.minSupport * playlists.length - 1e-9));
  const { itemsets, cut } = boundedItemsets(transactions, minCount, { ...DEFAULT_THRESHOLDS, ...thresholds }, now);
  const counts = new Map(itemsets.map(({ items, count }) => [items.join(), count]));
  const nameOf = (item: number): string => songs[item] ?? '';
  const rules = itemsets
    .flatMap((itemset) => rulesOf(itemset, counts, playlists.length, thresholds.minConfidence))
    .toSorted((a, b) => b.confidence - a.confidence || b.support - a.support || compare(a.items, b.items))
    .map(({ items: [consequent = -1, ...antecedent], ...measures }) => ({
      antecedent: antecedent.map(nameOf),
      consequent: nameOf(consequent),
      ...measures,
    }));
  return { rules, ...(cut && { cut }) };
}

type Bounds = Required<Pick<Thresholds, 'maxSongs' | 'maxRules' | 'maxSeconds'>>;

/** Searches for itemsets of all sizes, and if there are too many, for those of the small sizes that are within the bounds. */
function boundedItemsets(
  transactions: readonly (readonly number[])[],
  minCount: number,
  { maxSongs, maxRules, maxSeconds }: Bounds,
  now: () => number,
): { itemsets: readonly Itemset[]; cut?: MinedRules['cut'] } {
  const end = now() + maxSeconds * 1000;
  let bound: 'maxRules' | 'maxSeconds' = 'maxRules';
  const search = (maxItems: number): Itemset[] | undefined => {
    let rules = 0;
    return frequentItemsets(transactions, {
      minCount,
      maxItems,
      isEnough({ items }) {
        if (items.length > 1) rules += items.length;
        if (rules > maxRules) bound = 'maxRules';
        else if (now() > end) bound = 'maxSeconds';
        else return false;
        return true;
      },
    });
  };
  const all = search(maxSongs);
  if (all) return { itemsets: all };
  let itemsets: readonly Itemset[] = [];
  let size = 1;
  for (let next = 2; next < maxSongs; next++) {
    const found = search(next);
    if (!found) break;
    itemsets = found;
    size = next;
  }
  return { itemsets, cut: { maxSongs: size, bound } };
}

interface NumberedRule extends Pick<Rule, 'support' | 'confidence' | 'lift'> {
  /** The consequent, then the antecedent. */
  readonly items: readonly number[];
}

/** One rule per item of the set, with the item as the consequent of the others. */
function rulesOf(
  { items, count }: Itemset,
  counts: ReadonlyMap<string, number>,
  transactions: number,
  minConfidence: number,
): NumberedRule[] {
  if (items.length < 2) return [];
  return items.flatMap((consequent) => {
    const antecedent = items.filter((item) => item !== consequent);
    // Every subset of a frequent itemset is frequent, so its count is known.
    const confidence = count / (counts.get(antecedent.join()) ?? Infinity);
    const share = (counts.get(String(consequent)) ?? Infinity) / transactions;
    if (confidence < minConfidence) return [];
    return { items: [consequent, ...antecedent], support: count / transactions, confidence, lift: confidence / share };
  });
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, item] of a.entries()) {
    const other = b[index] ?? -1;
    if (item !== other) return item - other;
  }
  return a.length - b.length;
}
