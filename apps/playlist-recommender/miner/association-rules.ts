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
}

/** Rarer combinations may be chance. */
export const DEFAULT_THRESHOLDS: Thresholds = { minSupport: 0.025, minConfidence: 0.6 };

/** Rules between the songs of playlists: the most confident first, and among equal ones those with more support. */
export function associationRules(playlists: readonly ReadonlySet<string>[], thresholds: Thresholds): Rule[] {
  const songs = [...new Set(playlists.flatMap((playlist) => [...playlist]))].toSorted();
  const numbers = new Map(songs.map((song, number) => [song, number]));
  const transactions = playlists.map((playlist) => [...playlist].flatMap((song) => numbers.get(song) ?? []));
  // The epsilon is for rounding errors: 0.07 * 100 is 7.000000000000001, which must not require 8 playlists.
  const minCount = Math.max(1, Math.ceil(thresholds.minSupport * playlists.length - 1e-9));
  const itemsets = frequentItemsets(transactions, minCount);
  const counts = new Map(itemsets.map(({ items, count }) => [items.join(), count]));
  const nameOf = (item: number): string => songs[item] ?? '';
  return itemsets
    .flatMap((itemset) => rulesOf(itemset, counts, playlists.length, thresholds.minConfidence))
    .toSorted((a, b) => b.confidence - a.confidence || b.support - a.support || compare(a.items, b.items))
    .map(({ items: [consequent = -1, ...antecedent], ...figures }) => ({
      antecedent: antecedent.map(nameOf),
      consequent: nameOf(consequent),
      ...figures,
    }));
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
