/**
 * FP-growth: finds the items that occur together in a minimum number of transactions (Han, Pei, Yin: "Mining Frequent
 * Patterns without Candidate Generation", SIGMOD 2000). Pure.
 */

export interface Itemset {
  /** Ascending. */
  readonly items: readonly number[];
  /** Number of transactions that have all of them. */
  readonly count: number;
}

/** Items that occur together `count` times. */
interface Weighted {
  readonly items: readonly number[];
  readonly count: number;
}

interface TreeNode {
  readonly item: number;
  readonly parent: TreeNode | undefined;
  readonly children: Map<number, TreeNode>;
  count: number;
}

/** Bounds of a search. Without them the number of itemsets can double with each item that many transactions share. */
export interface SearchBounds {
  /** Transactions that an itemset must occur in, 1 or more. */
  readonly minCount: number;
  /** Maximum number of items in an itemset. */
  readonly maxItems?: number;
  /** Called with each itemset that is found; true ends the search. */
  readonly isEnough?: (itemset: Itemset) => boolean;
}

interface Search extends Required<SearchBounds> {
  readonly found: Itemset[];
  /** The search was ended before it had found all itemsets. */
  isCut: boolean;
}

/** All itemsets within the bounds; undefined if the search was ended. A transaction has each item once. */
export function frequentItemsets(
  transactions: readonly (readonly number[])[],
  { minCount, maxItems = Infinity, isEnough = () => false }: SearchBounds,
): Itemset[] | undefined {
  const search: Search = { minCount, maxItems, isEnough, found: [], isCut: false };
  grow(
    transactions.map((items) => ({ items, count: 1 })),
    [],
    search,
  );
  return search.isCut ? undefined : search.found;
}

/** Adds the frequent itemsets of `transactions`, each with `suffix`. All of these transactions have `suffix`. */
function grow(transactions: readonly Weighted[], suffix: readonly number[], search: Search): void {
  if (suffix.length >= search.maxItems) return;
  const counts = new Map<number, number>();
  for (const { items, count } of transactions) {
    for (const item of items) counts.set(item, (counts.get(item) ?? 0) + count);
  }
  const frequent = [...counts]
    .filter(([, count]) => count >= search.minCount)
    .toSorted(([a, countOfA], [b, countOfB]) => countOfB - countOfA || a - b);
  const nodes = nodesByItem(transactions, new Map(frequent.map(([item], rank) => [item, rank])));
  for (const [item, count] of frequent.toReversed()) {
    const items = [...suffix, item];
    const itemset = { items: items.toSorted((a, b) => a - b), count };
    search.found.push(itemset);
    search.isCut ||= search.isEnough(itemset);
    if (!search.isCut) grow((nodes.get(item) ?? []).map(pathAbove), items, search);
    if (search.isCut) return;
  }
}

/** The nodes of the FP-tree. Transactions share a path as far as their frequent items agree, sorted by frequency. */
function nodesByItem(
  transactions: readonly Weighted[],
  ranks: ReadonlyMap<number, number>,
): ReadonlyMap<number, readonly TreeNode[]> {
  const nodes = new Map<number, TreeNode[]>([...ranks.keys()].map((item) => [item, []]));
  const root: TreeNode = { item: -1, parent: undefined, children: new Map(), count: 0 };
  const rankOf = (item: number): number => ranks.get(item) ?? Infinity;
  for (const { items, count } of transactions) {
    let node = root;
    for (const item of items.filter((each) => ranks.has(each)).toSorted((a, b) => rankOf(a) - rankOf(b))) {
      let next = node.children.get(item);
      if (!next) {
        next = { item, parent: node, children: new Map(), count: 0 };
        node.children.set(item, next);
        nodes.get(item)?.push(next);
      }
      next.count += count;
      node = next;
    }
  }
  return nodes;
}

/** The items above a node, with the number of transactions that go through it. */
function pathAbove({ parent, count }: TreeNode): Weighted {
  const items: number[] = [];
  for (let node = parent; node?.parent; node = node.parent) items.push(node.item);
  return { items, count };
}
