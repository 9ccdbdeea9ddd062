import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PENDING_LIMITS, PendingStatistics } from '../../../host-agent/uplink/pending-statistics.ts';
import { posted } from '../support/statistics.ts';

test('an older message never takes the place of a newer one', () => {
  const statistics = new PendingStatistics();
  statistics.accept(posted('aa', 7), 0);
  statistics.accept(posted('aa', 6), 1);
  expect(statistics.take().map((entry) => entry.sequence)).toEqual([7]);
});

test('whatever is posted, what is held stays within its limits and the newest is never lost to them', () => {
  const limits = { instances: 5, total: 6000, perReport: 2000, ageMs: 1000 };
  const step = fc.record({ instance: fc.stringMatching(/^[0-9a-f]$/), ms: fc.nat(600), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const statistics = new PendingStatistics(limits);
      let now = 0;
      for (const [index, { instance, ms, take }] of steps.entries()) {
        now += ms;
        statistics.accept(posted(instance, index), now);
        expect(statistics.size).toBeLessThanOrEqual(limits.instances);
        const batch = statistics.take();
        expect(batch.reduce((length, entry) => length + entry.json.length, 0)).toBeLessThanOrEqual(limits.perReport);
        expect(batch.every((entry) => now - entry.at <= limits.ageMs)).toBe(true);
        if (take) statistics.delivered(batch);
      }
      for (let left = statistics.size; left > 0; left = statistics.size) {
        statistics.delivered(statistics.take());
        expect(statistics.size).toBeLessThan(left);
      }
    }),
  );
});

test('one report is smaller than what a server takes in by default', () => {
  expect(PENDING_LIMITS.perReport).toBeLessThan(1024 * 1024);
});
