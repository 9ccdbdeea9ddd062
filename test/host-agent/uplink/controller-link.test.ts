import { expect, onTestFinished, test, vi } from 'vitest';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { AssignmentStream } from '../../../host-agent/uplink/assignment-stream.ts';
import { ControllerLink, isNotLeader } from '../../../host-agent/uplink/controller-link.ts';
import type { Outcome } from '../../../host-agent/uplink/post-reports.ts';
import { Reporter } from '../../../host-agent/uplink/reporter.ts';
import { emptySource } from '../support/report-source.ts';
import { line } from '../support/updates.ts';
import { SOON } from '../../support/soon.ts';

const PORT = 15_070;
const NET = '127.53.11';
const SAMPLE = { monotonicMs: 1, cpu: { cores: 1, busySeconds: 1, stealSeconds: 0 }, replicas: [] };

/** One of several controllers behind the same name. */
class Instance {
  readonly address: string;
  readonly asked: string[] = [];
  leads = false;
  /** Takes connections, and answers nothing. */
  isStuck = false;
  #server: Server | undefined;

  constructor(number: number) {
    this.address = `${NET}.${number}`;
    onTestFinished(() => this.stop());
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.url} ${request.headers.host}`);
      request.resume();
      if (this.isStuck) return;
      if (!this.leads) {
        response.writeHead(503).end(JSON.stringify({ code: 'NOT_LEADER' }));
      } else if (request.url?.startsWith('/agent/v2/reports')) {
        response.writeHead(204).end();
      } else {
        response.write(`${JSON.stringify(line())}\n`);
      }
    }).listen(PORT, this.address);
    await once(this.#server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function linkTo(...instances: readonly Instance[]) {
  const clock = { now: 0 };
  const resolve = vi.fn(() => Promise.resolve(instances.map(({ address }) => ({ address, family: 4 }))));
  const link = new ControllerLink({ url: new URL(`http://controllers.test:${PORT}`) }, () => clock.now, resolve);
  return { link, resolve, clock };
}

function originOf({ address }: Instance): string {
  return `http://${address}:${PORT}`;
}

function streamTo(link: ControllerLink) {
  const events = { line: vi.fn(), disconnected: vi.fn() };
  const others = { update: vi.fn(), fault: vi.fn(), refused: vi.fn() };
  const subscription = () => ({ node: 'node-1', instance: 'i', epoch: 0, services: [] });
  // Were it not woken, it would wait for a time that grows to seconds.
  const stream = new AssignmentStream(link, { subscription, ...events, ...others }, () => 1);
  onTestFinished(() => stream.close());
  stream.start();
  return events;
}

function reporterTo(link: ControllerLink) {
  const outcomes: Outcome[] = [];
  const reporter = new Reporter({
    link,
    reports: emptySource(),
    oldReports: emptySource(),
    now: () => 0,
    outcome: (outcome) => outcomes.push(outcome),
  });
  onTestFinished(() => reporter.close());
  return { reporter, outcomes };
}

test('reports go to the one that leads, at once, and stay with it', async () => {
  const [dead, follower, leader] = [new Instance(1), await new Instance(2).start(), await new Instance(3).start()];
  leader.leads = true;
  const { link, resolve } = linkTo(dead, follower, leader);
  const { reporter, outcomes } = reporterTo(link);
  for (let count = 0; count < 3; count++) await reporter.send(SAMPLE);
  expect(outcomes).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }, { kind: 'accepted' }]);
  expect(follower.asked).toEqual(['/agent/v2/reports controllers.test:15070']);
  expect(leader.asked).toHaveLength(3);
  expect(resolve).toHaveBeenCalledTimes(1);
});

test('while nobody leads, reports say so and ask for the addresses anew', async () => {
  const follower = await new Instance(1).start();
  const { link, resolve, clock } = linkTo(follower);
  const { reporter, outcomes } = reporterTo(link);
  await reporter.send(SAMPLE);
  clock.now += 1000;
  await reporter.send(SAMPLE);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['unreachable', 'unreachable']);
  expect(resolve).toHaveBeenCalledTimes(2);
  follower.leads = true;
  await reporter.send(SAMPLE);
  expect(outcomes.at(-1)).toEqual({ kind: 'accepted' });
});

test('the stream goes over to another leader as soon as the reports have found it', async () => {
  const [first, second] = [await new Instance(1).start(), await new Instance(2).start()];
  first.leads = true;
  const { link } = linkTo(first, second);
  const { reporter } = reporterTo(link);
  const events = streamTo(link);
  await vi.waitFor(() => expect(events.line).toHaveBeenCalledTimes(1), SOON);
  await first.stop();
  await vi.waitFor(() => expect(events.disconnected.mock.calls.length).toBeGreaterThan(3), SOON);
  const asked = second.asked.length;
  second.leads = true;
  await reporter.send(SAMPLE);
  await vi.waitFor(() => expect(events.line).toHaveBeenCalledTimes(2), SOON);
  expect(second.asked.slice(asked)).toEqual([
    '/agent/v2/reports controllers.test:15070',
    '/agent/v2/assignments controllers.test:15070',
  ]);
});

test('the stream leaves one that does not answer', async () => {
  const [stuck, leader] = [await new Instance(1).start(), await new Instance(2).start()];
  stuck.isStuck = true;
  leader.leads = true;
  const events = streamTo(linkTo(stuck, leader).link);
  await vi.waitFor(() => expect(events.line).toHaveBeenCalledTimes(1), SOON);
});

test('the stream leaves one that has not answered as soon as another is found to lead', async () => {
  const [stuck, leader] = [await new Instance(1).start(), await new Instance(2).start()];
  stuck.isStuck = true;
  const { link } = linkTo(stuck, leader);
  const events = streamTo(link);
  await vi.waitFor(() => expect(stuck.asked).toHaveLength(1), SOON);
  link.leads(originOf(stuck));
  await setImmediate();
  expect(events.disconnected).not.toHaveBeenCalled();
  leader.leads = true;
  link.leads(originOf(leader));
  await vi.waitFor(() => expect(events.line).toHaveBeenCalledTimes(1), SOON);
  expect(events.disconnected.mock.calls).toEqual([['another controller was found to lead']]);
});

test('the stream stays with one whose lines come, whatever else is found', async () => {
  const [first, second] = [await new Instance(1).start(), await new Instance(2).start()];
  first.leads = true;
  second.leads = true;
  const { link } = linkTo(first, second);
  const events = streamTo(link);
  await vi.waitFor(() => expect(events.line).toHaveBeenCalledTimes(1), SOON);
  link.leads(originOf(second));
  expect((await fetch(`${originOf(second)}/agent/v2/reports`, { method: 'POST' })).status).toBe(204);
  expect(events.disconnected).not.toHaveBeenCalled();
});

test('a name server that does not answer holds nothing up once addresses are known', async () => {
  const [first, second] = [new Instance(1), new Instance(2)];
  const { link, resolve, clock } = linkTo(first);
  expect(await link.origins()).toEqual([originOf(first)]);
  link.leads(originOf(first));
  const answer = Promise.withResolvers<{ address: string; family: number }[]>();
  resolve.mockReturnValue(answer.promise);
  clock.now += 31_000;
  expect(await link.origins()).toEqual([originOf(first)]);
  link.failed(originOf(first));
  clock.now += 31_000;
  expect(await link.origins()).toEqual([originOf(first)]);
  expect(resolve).toHaveBeenCalledTimes(2);
  answer.resolve([{ address: second.address, family: 4 }]);
  await vi.waitFor(async () => expect(await link.origins()).toEqual([originOf(second)]), SOON);
});

test('a name server that fails is asked again after a while, not at each request', async () => {
  const { link, resolve, clock } = linkTo(new Instance(1));
  resolve.mockRejectedValue(new Error('EAI_AGAIN'));
  for (let count = 0; count < 3; count++) await expect(link.origins()).rejects.toThrow('EAI_AGAIN');
  expect(resolve).toHaveBeenCalledTimes(1);
  clock.now += 1000;
  await expect(link.origins()).rejects.toThrow('EAI_AGAIN');
  expect(resolve).toHaveBeenCalledTimes(2);
  resolve.mockResolvedValue([{ address: '127.0.0.1', family: 4 }]);
  clock.now += 1000;
  const [known] = await link.origins();
  expect(known).toBe(`http://127.0.0.1:${PORT}`);
  link.leads(known ?? '');
  resolve.mockRejectedValue(new Error('EAI_AGAIN'));
  for (let count = 0; count < 3; count++) {
    clock.now += 30_000;
    for (let again = 0; again < 3; again++) expect(await link.origins()).toEqual([known]);
  }
  expect(resolve).toHaveBeenCalledTimes(6);
});

test('a name that resolves no more does not part those that know each other', async () => {
  const leader = await new Instance(1).start();
  leader.leads = true;
  const { link, resolve } = linkTo(leader);
  const { reporter, outcomes } = reporterTo(link);
  await reporter.send(SAMPLE);
  resolve.mockRejectedValue(new Error('EAI_AGAIN'));
  leader.leads = false;
  await reporter.send(SAMPLE);
  leader.leads = true;
  await reporter.send(SAMPLE);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'unreachable', 'accepted']);
});

test.each([
  [503, '{"code":"NOT_LEADER"}', true],
  [503, '{"code":"NOT_READY"}', false],
  [503, 'null', false],
  [503, 'upstream connect error', false],
  [404, '{"code":"NOT_LEADER"}', false],
])('status %i with %s', (status, body, expected) => {
  expect(isNotLeader(status, body)).toBe(expected);
});
