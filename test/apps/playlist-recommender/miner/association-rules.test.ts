import { describe, expect, test } from 'vitest';
import { associationRules } from '../../../../apps/playlist-recommender/miner/association-rules.ts';

/** The example of mlxtend's user guide for `association_rules`. */
const BASKETS = [
  ['Milk', 'Onion', 'Nutmeg', 'Kidney Beans', 'Eggs', 'Yogurt'],
  ['Dill', 'Onion', 'Nutmeg', 'Kidney Beans', 'Eggs', 'Yogurt'],
  ['Milk', 'Apple', 'Kidney Beans', 'Eggs'],
  ['Milk', 'Unicorn', 'Corn', 'Kidney Beans', 'Yogurt'],
  ['Corn', 'Onion', 'Onion', 'Kidney Beans', 'Ice cream', 'Eggs'],
].map((basket) => new Set(basket));

describe('the example of mlxtend', () => {
  const { rules } = associationRules(BASKETS, { minSupport: 0.6, minConfidence: 0.7 });

  test.each([
    // Its table for a confidence of 0.9 and more, without the rule that has two consequents.
    ['Eggs', 'Kidney Beans', 0.8, 1, 1],
    ['Onion', 'Eggs', 0.6, 1, 1.25],
    ['Milk', 'Kidney Beans', 0.6, 1, 1],
    ['Onion', 'Kidney Beans', 0.6, 1, 1],
    ['Yogurt', 'Kidney Beans', 0.6, 1, 1],
    ['Eggs, Onion', 'Kidney Beans', 0.6, 1, 1],
    ['Kidney Beans, Onion', 'Eggs', 0.6, 1, 1.25],
    // And of those with a lift of 1.2 and more.
    ['Eggs', 'Onion', 0.6, 0.75, 1.25],
    ['Eggs, Kidney Beans', 'Onion', 0.6, 0.75, 1.25],
    // Kidney beans are in all baskets: each share is its own confidence.
    ['Kidney Beans', 'Eggs', 0.8, 0.8, 1],
  ])('%s -> %s', (antecedent, consequent, support, confidence, lift) => {
    const rule = rules.find((each) => each.antecedent.join(', ') === antecedent && each.consequent === consequent);
    expect(rule).toMatchObject({
      support: expect.closeTo(support, 9),
      confidence: expect.closeTo(confidence, 9),
      lift: expect.closeTo(lift, 9),
    });
  });

  test('has no other rule, and the most confident come first', () => {
    expect(rules).toHaveLength(10);
    const confidences = rules.map(({ confidence }) => confidence);
    expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
  });
});

test('a rule with exactly the support that is asked for counts', () => {
  const playlists = Array.from({ length: 100 }, (_, number) => new Set(number < 7 ? ['a', 'b'] : [`c${number}`]));
  expect(associationRules(playlists, { minSupport: 0.07, minConfidence: 0.5 }).rules).toHaveLength(2);
  expect(associationRules(playlists, { minSupport: 0.08, minConfidence: 0.5 }).rules).toEqual([]);
});

test('there are no rules without playlists', () => {
  expect(associationRules([], { minSupport: 0.1, minConfidence: 0.1 }).rules).toEqual([]);
});

describe('where many playlists share many songs', () => {
  const HOW = { minSupport: 0.025, minConfidence: 0.6 };
  /** 493 of 500 playlists have the same songs. */
  const shared = (songs: number) =>
    Array.from(
      { length: 500 },
      (_, playlist) =>
        new Set(
          playlist < 493 ? Array.from({ length: songs }, (_song, song) => `song ${song}`) : [`other ${playlist}`],
        ),
    );

  test('rules of more songs are left out, and it is told', () => {
    const { rules, cut } = associationRules(shared(40), HOW);
    // All pairs, triples and quadruples of 40 songs, with each song in turn as the consequent.
    expect(cut).toEqual({ maxSongs: 4, bound: 'maxRules' });
    expect(rules).toHaveLength(780 * 2 + 9_880 * 3 + 91_390 * 4);
    expect(rules.some(({ antecedent }) => antecedent.length > 3)).toBe(false);
  });

  test('rules have no more songs than they may', () => {
    const { rules, cut } = associationRules(shared(12), { ...HOW, maxSongs: 3 });
    expect(cut).toBeUndefined();
    expect(rules).toHaveLength(66 * 2 + 220 * 3);
  });

  test('the search ends with its time', () => {
    let ms = 0;
    const { rules, cut } = associationRules(shared(12), { ...HOW, maxSeconds: 1 }, () => (ms += 3));
    expect(cut).toEqual({ maxSongs: 1, bound: 'maxSeconds' });
    expect(rules).toEqual([]);
  });
});
