import { describe, expect, test } from 'vitest';
import { Limit, ReplicaState } from '../../../contract/decision.ts';
import { replica } from './decisions.ts';
import { loadPageModule } from './page-modules.ts';

const { reasons, evidence } = await loadPageModule('words');
const { age, duration, percent, short } = await loadPageModule('format');

describe('reasons', () => {
  test('there is a sentence for every state and every limit of the contract', () => {
    for (const { const: state } of ReplicaState.anyOf) {
      for (const { const: limit } of Limit.anyOf) {
        const said = reasons(replica('a-0', 'a', { state, limits: [limit] }));
        expect(said).toHaveLength(2);
        for (const sentence of said) expect(sentence).toMatch(/^[A-Z].*\.$/);
      }
    }
  });

  test.each(['manual', 'paused'] as const)(
    'do not explain a weight that is %s by the state of the replica',
    (limit) => {
      for (const { const: state } of ReplicaState.anyOf) {
        const [ofState, ofLimit] = reasons(replica('a-0', 'a', { state, limits: [limit], weight: 0.8, target: 0.8 }));
        expect(ofState).not.toMatch(/weight|share|gets/);
        expect(ofLimit).toMatch(/by hand|paused/);
      }
    },
  );

  test('give weight and target while they differ', () => {
    expect(reasons(replica('a-0', 'a', { weight: 0.3, target: 0.42 }))[1]).toBe(
      'It is 30\u202f% now, the target is 42\u202f%.',
    );
    expect(reasons(replica('a-0', 'a', { weight: 0.3, target: 0.303 }))).toHaveLength(1);
  });
});

test('the evidence holds the cost per request with its error, once it is known', () => {
  expect(new Map(evidence(replica('a-0', 'a'))).get('CPU per request')).toBe('2.0\u202fms ± 5.0\u202f%');
  const unknown = replica('a-0', 'a', { cpuPerRequestSeconds: 0 });
  expect(new Map(evidence(unknown)).get('CPU per request')).toBe('–');
});

test.each([
  [short(0), '0'],
  [short(0.126), '0.13'],
  [short(9.96), '10.0'],
  [short(1440.4), '1440'],
  [short(NaN), '–'],
  [percent(0.333), '33\u202f%'],
  [percent(0.042), '4.2\u202f%'],
  [percent(0), '0\u202f%'],
  [duration(0), '–'],
  [duration(0.00002), '20.0\u202fµs'],
  [duration(0.0123), '12.3\u202fms'],
  [duration(2), '2.0\u202fs'],
  [age(-5), '0\u202fs'],
  [age(119_000), '119\u202fs'],
  [age(150_000), '2\u202fmin'],
])('%s is shown as %s', (shown, expected) => {
  expect(shown).toBe(expected);
});
