import { expect, onTestFinished, test } from 'vitest';
import { ControllerLink } from '../../../host-agent/uplink/controller-link.ts';
import type { Outcome } from '../../../host-agent/uplink/post-reports.ts';
import { Reporter } from '../../../host-agent/uplink/reporter.ts';
import { ControllerStub } from '../support/controller-stub.ts';
import { type EmptyReport, emptySource } from '../support/report-source.ts';

const SAMPLE = { monotonicMs: 1, cpu: { cores: 0.35, busySeconds: 1.5, stealSeconds: 0 }, replicas: [] };

async function reporterTo(controller: ControllerStub) {
  const outcomes: Outcome[] = [];
  const clock = { now: 0 };
  const link = new ControllerLink({ url: await controller.listen() }, () => clock.now);
  const [reports, oldReports] = [emptySource(), emptySource()];
  const reporter = new Reporter({
    link,
    reports,
    oldReports,
    now: () => clock.now,
    outcome: (outcome, count) => {
      for (let report = 0; report < count; report++) outcomes.push(outcome);
    },
  });
  onTestFinished(async () => {
    await reporter.close();
    await controller.close();
  });
  const sent = (): EmptyReport[] => controller.reports.map((json) => JSON.parse(json) as EmptyReport);
  return { reporter, outcomes, link, clock, reports, oldReports, sent };
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

test('while a report is under way no other is begun', async () => {
  const controller = new ControllerStub();
  const { reporter, sent } = await reporterTo(controller);
  await Promise.all([reporter.send(SAMPLE), reporter.send(SAMPLE), reporter.send(SAMPLE)]);
  await reporter.send(SAMPLE);
  expect(sent().map(({ sequence }) => sequence)).toEqual([0, 1]);
});

test('a report that goes by itself is a full one, the lines after it are not, until five minutes have passed', async () => {
  const controller = new ControllerStub();
  const { reporter, link, clock, sent } = await reporterTo(controller);
  await reporter.send(SAMPLE);
  const lines = async (): Promise<void> => {
    link.sawLine(link.url.origin);
    const count = sent().length;
    await reporter.send(SAMPLE);
    await expect.poll(() => sent().length).toBe(count + 1);
  };
  await lines();
  await lines();
  clock.now = 300_000;
  await lines();
  await lines();
  expect(sent().map(({ full }) => full)).toEqual([true, false, false, true, false]);
});

test('after a report that was not accepted the next is a full one', async () => {
  const controller = new ControllerStub();
  const { reporter, outcomes, sent, reports } = await reporterTo(controller);
  for (const status of [204, 409, 500, 204]) {
    controller.reportStatus = status;
    await reporter.send(SAMPLE);
  }
  expect(kinds(outcomes)).toEqual(['accepted', 'refused', 'failed', 'accepted']);
  expect(sent().map(({ full }) => full)).toEqual([true, true, true, true]);
  // What was refused once is refused again, and what could not be taken just now is sent again.
  expect(reports.deliveries()).toBe(3);
});

test('a controller of the version before is sent what it knows', async () => {
  const controller = new ControllerStub();
  controller.isOld = true;
  const { reporter, outcomes, link, reports, oldReports } = await reporterTo(controller);
  await reporter.send(SAMPLE);
  expect(reporter.sendsOld).toBe(true);
  await reporter.send(SAMPLE);
  link.sawLine(link.url.origin);
  await reporter.send(SAMPLE);
  expect(kinds(outcomes)).toEqual(['accepted', 'accepted']);
  await expect.poll(() => controller.reports.length).toBe(3);
  expect([reports.deliveries(), oldReports.deliveries()]).toEqual([0, 3]);
});

test('a controller of this version that takes the place of one of the version before is sent its own form', async () => {
  const controller = new ControllerStub();
  controller.isOld = true;
  const { reporter, link, reports } = await reporterTo(controller);
  await reporter.send(SAMPLE);
  controller.isOld = false;
  link.failed(link.url.origin);
  await reporter.send(SAMPLE);
  expect(reports.deliveries()).toBe(1);
  expect(reporter.sendsOld).toBe(false);
});

test('an absent controller is an outcome, not an exception', async () => {
  const controller = new ControllerStub();
  const { reporter, outcomes } = await reporterTo(controller);
  await controller.close();
  await reporter.send(SAMPLE);
  await controller.listen().catch(() => undefined);
  expect(kinds(outcomes)).toEqual(['unreachable']);
});
