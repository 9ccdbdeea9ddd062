import { expect, test } from 'vitest';
import type { SpanFigures, Switch } from '../../../contract/time-series.ts';
import { loadPageModule } from './page-modules.ts';

const { switchRows } = await loadPageModule('switches');

const BEFORE: SpanFigures = {
  seconds: 60,
  p50Seconds: 0.004,
  p99Seconds: 0.4,
  meanLatencySeconds: 0.02,
  requestsPerSecond: 100,
  inFlight: 12,
  busiestNode: 0.98,
  idlestNode: 0.4,
};

function switched(given: Partial<Switch> = {}): Switch {
  return {
    at: 1000,
    namespace: 'shop',
    name: 'geo',
    from: 'Observe',
    to: 'Enforce',
    before: null,
    after: null,
    ...given,
  };
}

test('a row shows the switch, its time, and each metric before and after', () => {
  const after = { ...BEFORE, p99Seconds: 0.04, busiestNode: 0.7, inFlight: null };
  const [row] = switchRows([switched({ before: BEFORE, after })], 61_000);
  expect(row).toMatchObject({ service: 'geo', what: 'balanced 60\u202fs ago, before only observed' });
  expect(row?.changes.map(({ label, before, after: since }) => [label, before, since])).toEqual([
    ['p50', '4.0\u202fms', '4.0\u202fms'],
    ['p99', '400\u202fms', '40.0\u202fms'],
    ['Mean latency', '20.0\u202fms', '20.0\u202fms'],
    ['In flight', '12.0', '–'],
    ['Busiest node', '98\u202f%', '70\u202f%'],
    ['Idlest node', '40\u202f%', '40\u202f%'],
  ]);
});

test('an unknown value is a dash', () => {
  const [row] = switchRows([switched({ before: BEFORE })], 1000);
  expect(new Set(row?.changes.map(({ after }) => after))).toEqual(new Set(['–']));
});
