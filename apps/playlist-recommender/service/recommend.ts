/** Which songs go with given ones. Pure. */
import type { Rule } from '../model/model.ts';

/**
 * Names of at most `limit` songs that are not among the given ones, the best first. Every rule counts for its
 * consequent with its confidence, times the square of the share of its antecedent that was given: rules that hold in
 * full count most, and where few songs are known, those that nearly hold say something too.
 */
export function recommend(rules: readonly Rule[], songs: readonly string[], limit: number): string[] {
  const given = new Set(songs);
  const scores = new Map<string, number>();
  for (const { antecedent, consequent, confidence } of rules) {
    let held = 0;
    for (const song of antecedent) if (given.has(song)) held += 1;
    if (held === 0 || given.has(consequent)) continue;
    scores.set(consequent, (scores.get(consequent) ?? 0) + confidence * (held / antecedent.length) ** 2);
  }
  return [...scores]
    .toSorted(([a, scoreOfA], [b, scoreOfB]) => scoreOfB - scoreOfA || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([song]) => song);
}
