import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../../apps/playlist-recommender/model/model.ts';
import { recommend } from '../../../../apps/playlist-recommender/service/recommend.ts';
import { ruleOf } from '../support.ts';

describe('recommendations', () => {
  test('are what follows from the songs, and none of them', () => {
    const rules = [ruleOf('b', 'a'), ruleOf('c', 'b'), ruleOf('a', 'b')];
    expect(recommend(rules, ['a'], 10)).toEqual(['b']);
    expect(recommend(rules, ['a', 'b'], 10)).toEqual(['c']);
    expect(recommend(rules, ['x'], 10)).toEqual([]);
  });

  test('follow rules that hold in full rather than in part', () => {
    const rules = [ruleOf('part', 'a', 'b'), ruleOf('whole', 'a'), ruleOf('none', 'b')];
    expect(recommend(rules, ['a'], 10)).toEqual(['whole', 'part']);
  });

  test('follow the more confident rule, and many rules rather than one', () => {
    const sure: Rule = { ...ruleOf('sure', 'a'), confidence: 0.9 };
    expect(recommend([ruleOf('unsure', 'a'), sure], ['a'], 10)).toEqual(['sure', 'unsure']);
    expect(recommend([sure, ruleOf('often', 'a'), ruleOf('often', 'a', 'b')], ['a'], 10)).toEqual(['often', 'sure']);
  });

  test('are as many as asked for, the best of them, each once, in any order of the rules', () => {
    const song = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f');
    const rule = fc
      .tuple(fc.uniqueArray(song, { minLength: 1, maxLength: 3 }), song, fc.double({ min: 0.1, max: 1, noNaN: true }))
      .filter(([antecedent, consequent]) => !antecedent.includes(consequent))
      .map(([antecedent, consequent, confidence]) => ({ ...ruleOf(consequent, ...antecedent), confidence }));
    fc.assert(
      fc.property(fc.array(rule), fc.uniqueArray(song), fc.nat(7), (rules, songs, limit) => {
        const all = recommend(rules, songs, Infinity);
        expect(new Set(all).size).toBe(all.length);
        expect(all.filter((each) => songs.includes(each))).toEqual([]);
        expect(recommend(rules, songs, limit)).toEqual(all.slice(0, limit));
        expect(recommend(rules.toReversed(), songs, Infinity).toSorted()).toEqual(all.toSorted());
      }),
    );
  });
});
