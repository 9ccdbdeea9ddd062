import { expect, onTestFinished, test, vi } from 'vitest';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { AssignmentStream } from '../../../host-agent/uplink/assignment-stream.ts';
import { ControllerLink, isNotLeader } from '../../../host-agent/uplink/controller-link.ts';
import { PendingStatistics } from '../../../host-agent/uplink/pending-statistics.ts';
import type { Outcome } from '../../../host-agent/uplink/post-reports.ts';
import { Reporter } from '../../../host-agent/uplink/reporter.ts';
import { update } from '../support/updates.ts';
import { SOON } from '../../support/soon.ts';

const PORT = 15_070;
const NET = '127.53.11';
const SAMPLE = { monotonicMs: 1, cpu: { cores: 1, busySeconds: 1, stealSeconds: 0 }, replicas: [] };

/** One of several controllers behind the same name. */
class Instance {
  readonly address: string;
  readonly asked: string[] = [];
  leads = false;
  #server: Server | undefined;

  constructor(number: number) {
    this.address = `${NET}.${number}`;
    onTestFinished(() => this.stop());
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.headers.host}`);
      request.resume();
      if (!this.leads) {
        response.writeHead(503).end(JSON.stringify({ code: 'NOT_LEADER' }));
      } else if (request.method === 'POST') {
        response.writeHead(204).end();
      } else {
        response.write(`${JSON.stringify(update())}\n`);
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
  const resolve = vi.fn(() => Promise.resolve(instances.map(({ address }) => ({ address, family: 4 }))));
  return { link: new ControllerLink(new URL(`http://controllers.test:${PORT}`), () => 0, resolve), resolve };
}

function reporterTo(link: ControllerLink) {
  const outcomes: Outcome[] = [];
  const identity = { node: 'node-1', instance: 'x' };
  const reporter = new Reporter(
    link,
    identity,
    new PendingStatistics(),
    () => 0,
    (outcome) => outcomes.push(outcome),
  );
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
  expect(follower.asked).toEqual(['POST controllers.test:15070']);
  expect(leader.asked).toHaveLength(3);
  expect(resolve).toHaveBeenCalledTimes(1);
});

test('while nobody leads, reports say so and ask for the addresses anew', async () => {
  const follower = await new Instance(1).start();
  const { link, resolve } = linkTo(follower);
  const { reporter, outcomes } = reporterTo(link);
  await reporter.send(SAMPLE);
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
  const events = { update: vi.fn(), refused: vi.fn(), disconnected: vi.fn() };
  // Were it not woken, it would wait for a time that grows to seconds.
  const stream = new AssignmentStream(link, 'node-1', events, () => 1);
  onTestFinished(() => stream.close());
  stream.start();
  await vi.waitFor(() => expect(events.update).toHaveBeenCalledTimes(1), SOON);
  await first.stop();
  await vi.waitFor(() => expect(events.disconnected.mock.calls.length).toBeGreaterThan(3), SOON);
  const asked = second.asked.length;
  second.leads = true;
  await reporter.send(SAMPLE);
  await vi.waitFor(() => expect(events.update).toHaveBeenCalledTimes(2), SOON);
  expect(second.asked.slice(asked)).toEqual(['POST controllers.test:15070', 'GET controllers.test:15070']);
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
