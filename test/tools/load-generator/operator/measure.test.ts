import { expect, test } from 'vitest';
import { Tally } from '../../../../tools/load-generator/measure/tally.ts';
import { measuredOf, progressOf } from '../../../../tools/load-generator/operator/run/measure.ts';

const TIMES = { startTime: '2026-05-04T10:00:00Z', endTime: '2026-05-04T10:00:03Z', seconds: 3 };

test('figures are of what was measured, to a thousandth', () => {
  const tally = new Tally(0);
  for (let index = 0; index < 9; index++) {
    tally.due(index * 300);
    const replica = `search-${index % 3 === 0 ? 10 : 2}`;
    if (index === 8) tally.settled(index * 300, 0, { kind: 'dropped' });
    else tally.settled(index * 300, 1, { kind: 'answered', status: index === 7 ? 503 : 200, bytes: 1, replica });
  }
  expect(progressOf(tally.totals, 3)).toEqual({
    requests: 9,
    succeeded: 7,
    failed: 2,
    dropped: 1,
    achievedQps: 2.333,
    p50Ms: 1,
    p99Ms: 1,
  });
  expect(measuredOf(tally.totals, 'Completed', TIMES)).toEqual({
    outcome: 'Completed',
    startTime: TIMES.startTime,
    endTime: TIMES.endTime,
    requests: 9,
    succeeded: 7,
    failed: 2,
    failures: { status: 1, connect: 0, reset: 0, timeout: 0, notSent: 0, dropped: 1 },
    achievedQps: 2.333,
    latencyMs: { mean: 1, p50: 1, p75: 1, p90: 1, p95: 1, p99: 1, p999: 1, max: 1 },
    replicas: [
      { name: 'search-2', requests: 5, percent: 62.5 },
      { name: 'search-10', requests: 3, percent: 37.5 },
    ],
    distribution: 'search-2 63%, search-10 38%',
  });
});

test('a load of which nothing is known yet has figures all the same', () => {
  const { totals } = new Tally(0);
  expect(progressOf(totals, 0)).toMatchObject({ requests: 0, achievedQps: 0, p99Ms: 0 });
  expect(measuredOf(totals, 'Interrupted', { ...TIMES, seconds: 0 })).toMatchObject({ replicas: [], distribution: '' });
});

test('of many replicas the busiest are shown', () => {
  const tally = new Tally(0);
  for (let index = 0; index < 12; index++) {
    tally.due(index);
    tally.settled(index, 1, { kind: 'answered', status: 200, bytes: 0, replica: `r-${index}` });
  }
  const { replicas, distribution } = measuredOf(tally.totals, 'Completed', TIMES);
  expect(replicas).toHaveLength(12);
  expect(distribution).toMatch(/^r-0 8%, .*r-9 8%, 2 more$/);
});
