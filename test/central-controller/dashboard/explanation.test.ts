import { describe, expect, test } from 'vitest';
import type { ReplicaDecision, ServiceDecision } from '../../../contract/decision.ts';
import { node, replica, service } from './decisions.ts';
import { loadPageModule } from './page-modules.ts';

const { explanationOf } = await loadPageModule('explanation');

function explain(given: Partial<ReplicaDecision> = {}, of: Partial<ServiceDecision> = {}) {
  const { replicas: _, ...search } = { ...service('search', []), ...of };
  return explanationOf({
    service: search,
    replica: replica('search-0', 'node-2', { weight: 0.3, target: 0.3, previous: 0.3, ...given }),
    node: node('node-2', { busyCores: 0.6, backgroundCores: 0.2 }),
    equalShare: 0.5,
  });
}

describe('the verdict', () => {
  test('compares the weight with the equal share', () => {
    expect(explain().verdict).toBe('It gets 30\u202f% of the requests to search; the equal share is 50\u202f%.');
  });

  test('says if the weight is not in force', () => {
    expect(explain({}, { mode: 'Observe' }).verdict).toMatch(/^It would get .* Istio balances/);
    expect(explain({}, { paused: { since: 0 } }).verdict).toMatch(/^It keeps .* while balancing is paused/);
  });
});

describe('what is known', () => {
  test('describes the node, the CPU per request and the answers', () => {
    expect(explain().known).toEqual([
      'Its node node-2 is 60\u202f% busy (0.60 of 1.00 cores, 0.20 of them with neighbours); at the targets it would be 50\u202f%.',
      'A request costs 2.0\u202fms of CPU here, known to ±5.0\u202f%; 50.0 requests a second take 0.10 of the 0.30 cores that it could use.',
      'Answers take 4.0\u202fms on average; 0.80 are in flight, none fail.',
    ]);
  });

  test('says which estimates are missing', () => {
    const { known } = explain({ cpuPerRequestSeconds: 0, meanLatencySeconds: 0 });
    expect(known[1]).toMatch(/^The CPU per request is not known yet; /);
    expect(known[2]).toBe('It has answered no requests recently.');
  });

  test('mentions failures and non-CPU latency', () => {
    expect(explain({ failureRatio: 0.2, nonCpuSeconds: 0.002 }).known[2]).toBe(
      'Answers take 4.0\u202fms on average; neither CPU nor waiting for it explains 2.0\u202fms of that; 0.80 are in flight, 20\u202f% fail.',
    );
  });
});

describe('damping', () => {
  test.each<[string, Partial<ReplicaDecision>]>([
    ['None: the weight is at its target.', {}],
    ['None: a weight by hand applies at once.', { limits: ['manual'], target: 0.4 }],
    ['None: balancing is paused, so the weight stays.', { limits: ['paused'], target: 0.4 }],
    ['The target 31\u202f% is too close to 30\u202f% for a change.', { limits: ['deadBand'], target: 0.31 }],
    [
      'It was 20\u202f% and moved to 30\u202f% on the way to 50\u202f%: large changes are made in steps.',
      { limits: ['damped'], previous: 0.2, target: 0.5 },
    ],
    [
      'It was 30\u202f% and stays at 30\u202f% on the way to 50\u202f%: large changes are made in steps.',
      { limits: ['damped'], target: 0.5 },
    ],
  ])('%s', (sentence, given) => {
    expect(explain(given).damping).toBe(sentence);
  });
});
