import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { expect, onTestFinished, test } from 'vitest';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { AgentReport, type ProxyCounters } from '../../../contract/report.ts';
import { ControllerLink } from '../../../host-agent/uplink/controller-link.ts';
import { PENDING_LIMITS, PendingStatistics } from '../../../host-agent/uplink/pending-statistics.ts';
import type { Outcome } from '../../../host-agent/uplink/post-reports.ts';
import { encodeReport, Reporter } from '../../../host-agent/uplink/reporter.ts';
import { ControllerStub } from '../support/controller-stub.ts';

const Report = Compile(AgentReport);
const SAMPLE = {
  monotonicMs: 1234.56789,
  cpu: { cores: 0.35, busySeconds: 1.5, stealSeconds: 0 },
  replicas: [{ uid: 'a', cpuSeconds: 0.25, throttledSeconds: 0 }],
};

function posted(instance: string, sequence: number): ProxyCounters {
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  const counters = { requests: sequence, failures: 0, inFlight: 1, inFlightSeconds: 0.5, latencyBuckets };
  return {
    namespace: 'hotel',
    pod: 'search-0',
    instance,
    sequence,
    tableVersion: 9,
    fallbacks: 0,
    served: counters,
    called: [{ ...counters, service: '8080|geo.hotel', replica: 'geo-"0"', unreached: 0, ejected: false }],
  };
}

async function reporterTo(controller: ControllerStub): Promise<{
  reporter: Reporter;
  statistics: PendingStatistics;
  outcomes: Outcome[];
  link: ControllerLink;
  clock: { now: number };
}> {
  const statistics = new PendingStatistics();
  const outcomes: Outcome[] = [];
  const identity = { node: 'node-1', instance: 'i' };
  const clock = { now: 0 };
  const link = new ControllerLink({ url: await controller.listen() }, () => clock.now);
  const reporter = new Reporter(
    link,
    identity,
    statistics,
    () => clock.now,
    (outcome, reports) => {
      for (let report = 0; report < reports; report++) outcomes.push(outcome);
    },
  );
  onTestFinished(async () => {
    await reporter.close();
    await controller.close();
  });
  return { reporter, statistics, outcomes, link, clock };
}

function proxiesIn(report: string | undefined): { instance: string; sequence: number }[] {
  const value: unknown = JSON.parse(report ?? 'null');
  expect(Report.Errors(value)).toEqual([]);
  return Report.Parse(value).proxies.map(({ instance, sequence }) => ({ instance, sequence }));
}

test('a report is what the contract says, proxies or none', () => {
  const statistics = new PendingStatistics();
  expect(proxiesIn(encodeReport({ node: 'n', instance: 'i' }, 0, SAMPLE, statistics.take()))).toEqual([]);
  statistics.accept(posted('aa', 1), 0);
  statistics.accept(posted('bb', 5), 0);
  expect(proxiesIn(encodeReport({ node: 'n', instance: 'i' }, 0, SAMPLE, statistics.take()))).toHaveLength(2);
});

test('a report holds the newest of each proxy since the last that was accepted', async () => {
  const controller = new ControllerStub();
  const { reporter, statistics, outcomes } = await reporterTo(controller);
  statistics.accept(posted('aa', 1), 0);
  statistics.accept(posted('aa', 2), 1);
  await reporter.send(SAMPLE);
  await reporter.send(SAMPLE);
  controller.reportStatus = 500;
  statistics.accept(posted('aa', 3), 2);
  await reporter.send(SAMPLE);
  controller.reportStatus = 204;
  statistics.accept(posted('bb', 1), 3);
  await reporter.send(SAMPLE);
  expect(controller.reports.map(proxiesIn)).toEqual([
    [{ instance: 'aa', sequence: 2 }],
    [],
    [{ instance: 'aa', sequence: 3 }],
    [
      { instance: 'aa', sequence: 3 },
      { instance: 'bb', sequence: 1 },
    ],
  ]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['accepted', 'accepted', 'failed', 'accepted']);
});

test('statistics that the controller refuses do not stop what comes after them', async () => {
  const controller = new ControllerStub();
  const { reporter, statistics, outcomes } = await reporterTo(controller);
  controller.reportStatus = 400;
  statistics.accept(posted('aa', 1), 0);
  await reporter.send(SAMPLE);
  controller.reportStatus = 204;
  await reporter.send(SAMPLE);
  expect(proxiesIn(controller.reports[1])).toEqual([]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['refused', 'accepted']);
});

test('while a report is under way no other is begun, and sequence numbers rise', async () => {
  const controller = new ControllerStub();
  const { reporter } = await reporterTo(controller);
  await Promise.all([reporter.send(SAMPLE), reporter.send(SAMPLE), reporter.send(SAMPLE)]);
  await reporter.send(SAMPLE);
  expect(controller.reports.map((body) => Report.Parse(JSON.parse(body)).sequence)).toEqual([0, 1]);
});

test('an absent controller is an outcome, not an exception', async () => {
  const controller = new ControllerStub();
  const { reporter, outcomes } = await reporterTo(controller);
  await controller.close();
  await reporter.send(SAMPLE);
  await controller.listen().catch(() => undefined);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['unreachable']);
});

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

test('one report is smaller than what the controller’s server takes in by default', () => {
  expect(PENDING_LIMITS.perReport).toBeLessThan(1024 * 1024);
});
