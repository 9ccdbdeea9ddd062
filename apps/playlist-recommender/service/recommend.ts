/** Finds songs that go with given ones. Pure. */
import type { Rule } from '../model/model.ts';

/**
 * Names of at most `limit` songs that are not among the given ones, the best first. The score of a song is the sum over
 * the rules with this consequent: confidence times the square of the fraction of the antecedent that was given. So
 * rules whose whole antecedent was given count most, and the others still help when few songs are given.
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
