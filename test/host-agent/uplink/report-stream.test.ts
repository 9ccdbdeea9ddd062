import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ControllerLink } from '../../../host-agent/uplink/controller-link.ts';
import type { Outcome } from '../../../host-agent/uplink/post-reports.ts';
import { ReportStream } from '../../../host-agent/uplink/report-stream.ts';
import { Reporter } from '../../../host-agent/uplink/reporter.ts';
import { SOON } from '../../support/soon.ts';
import { ControllerStub } from '../support/controller-stub.ts';
import { emptySource } from '../support/report-source.ts';

const SAMPLE = { monotonicMs: 1, cpu: { cores: 1, busySeconds: 1, stealSeconds: 0 }, replicas: [] };

/** A reporter whose controller accepted a first report; each sample is 250 ms after the one before. */
async function startedReporter() {
  const controller = new ControllerStub();
  const url = await controller.listen();
  const clock = { now: 0 };
  const link = new ControllerLink({ url }, () => clock.now);
  const outcomes: [Outcome['kind'], number][] = [];
  const reporter = new Reporter({
    link,
    reports: emptySource(),
    oldReports: emptySource(),
    now: () => clock.now,
    outcome: (outcome, reports) => outcomes.push([outcome.kind, reports]),
  });
  onTestFinished(async () => {
    await reporter.close();
    await controller.close();
  });
  let sent = 0;
  const send = async ({ isLive = true } = {}): Promise<void> => {
    clock.now += 250;
    if (isLive) link.sawLine(url.origin);
    await reporter.send(SAMPLE);
    sent++;
    await vi.waitFor(() => expect(controller.reports).toHaveLength(sent), SOON);
  };
  await send();
  expect(outcomes.splice(0)).toEqual([['accepted', 1]]);
  return { controller, reporter, outcomes, send, clock };
}

test('while lines of the controller come, reports of eight seconds go with one request, each at once', async () => {
  const { controller, outcomes, send } = await startedReporter();
  for (let count = 0; count < 33; count++) await send();
  await vi.waitFor(() => expect(outcomes).toEqual([['accepted', 33]]), SOON);
  expect(controller.reportStreams).toBe(1);
  await send();
  expect(controller.reportStreams).toBe(2);
  const sequences = controller.reports.map((report) => (JSON.parse(report) as { sequence: number }).sequence);
  expect(sequences).toEqual(sequences.map((_, index) => index));
});

test('a request ends in time though no more reports come, as of a node whose CPU cannot be read or is read seldom', async () => {
  const { controller, outcomes, send } = await startedReporter();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await send();
  expect(controller.reportStreams).toBe(1);
  vi.advanceTimersByTime(9_000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(outcomes).toEqual([['accepted', 1]]), SOON);
  await send();
  expect(controller.reportStreams).toBe(2);
});

test('a request that was answered leaves no timer behind', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const limits = { longestMs: 9_000, answerMs: 2_000 };
  const early = new ReportStream('', 0, limits, () => Promise.resolve({ kind: 'refused', reason: '' }));
  await early.outcome;
  const whole = new ReportStream('', 0, limits, async (body) => {
    expect(await text(body)).toBe('{}\n');
    return { kind: 'accepted' };
  });
  whole.write('{}');
  vi.advanceTimersByTime(9_000);
  await whole.outcome;
  expect(vi.getTimerCount()).toBe(0);
});

test('a controller whose lines do not come has to answer each report', async () => {
  const { controller, outcomes, send } = await startedReporter();
  await send();
  expect(controller.reportStreams).toBe(1);
  for (let count = 0; count < 10; count++) await send({ isLive: false });
  expect(outcomes.slice(0, 3)).toEqual([
    ['unreachable', 1],
    ['accepted', 1],
    ['accepted', 1],
  ]);
  await send();
  expect(controller.reportStreams).toBe(2);
});

test('a report that is refused ends the request; the next goes by itself', async () => {
  const { controller, outcomes, send } = await startedReporter();
  controller.reportStatus = 400;
  await send();
  await vi.waitFor(() => expect(outcomes.splice(0)).toEqual([['refused', 1]]), SOON);
  await send();
  expect(controller.reportStreams).toBe(1);
  expect(outcomes.splice(0)).toEqual([['refused', 1]]);
  controller.reportStatus = 204;
  await send();
  await send();
  expect(controller.reportStreams).toBe(2);
});

test('a controller that takes lines but never answers is given up', async () => {
  const { controller, outcomes, reporter, send, clock } = await startedReporter();
  controller.answersStreams = false;
  for (let count = 0; count < 33; count++) await send();
  clock.now += 250;
  await reporter.send(SAMPLE);
  expect(controller.reports).toHaveLength(34);
  await vi.waitFor(() => expect(outcomes.splice(0)).toEqual([['unreachable', 1]]), SOON);
  await send();
  expect(outcomes).toEqual([['accepted', 1]]);
});
