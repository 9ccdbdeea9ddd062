import { expect, onTestFinished, test, vi } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import type { AssignmentLine, Subscription } from '../../../contract/assignment-stream.ts';
import { AssignmentStream } from '../../../host-agent/uplink/assignment-stream.ts';
import { BackOff } from '../../../host-agent/uplink/back-off.ts';
import { ControllerLink } from '../../../host-agent/uplink/controller-link.ts';
import { SOON } from '../../support/soon.ts';
import { ControllerStub } from '../support/controller-stub.ts';
import { line, rows, update } from '../support/updates.ts';

interface Followed {
  readonly stream: AssignmentStream;
  readonly lines: AssignmentLine[];
  readonly updates: AssignmentUpdate[];
  readonly faults: string[];
  readonly refused: string[];
  readonly disconnected: string[];
  /** What the node wants. */
  wants: Subscription['services'];
}

const text = (overrides: Partial<AssignmentLine> = {}): string => `${JSON.stringify(line(overrides))}\n`;
const oldText = (overrides: Partial<AssignmentUpdate> = {}): string => `${JSON.stringify(update(overrides))}\n`;

async function follow(controller: ControllerStub): Promise<Followed> {
  const link = new ControllerLink({ url: await controller.listen() }, () => 0);
  const collected = { lines: [], updates: [], faults: [], refused: [], disconnected: [], wants: [] };
  const stream = new AssignmentStream(
    link,
    {
      subscription: () => ({ node: 'node 1&x', instance: 'i', epoch: 0, services: followed.wants }),
      line: (one) => followed.lines.push(one),
      update: (one) => followed.updates.push(one),
      fault: (why) => followed.faults.push(why),
      refused: (failure) => followed.refused.push(failure.message),
      disconnected: (reason) => followed.disconnected.push(reason),
    },
    () => 0,
  );
  const followed: Followed = { stream, ...collected };
  onTestFinished(async () => {
    await stream.close();
    await controller.close();
  });
  stream.start();
  return followed;
}

const versions = ({ lines }: Followed): number[] => lines.map(({ version }) => version);

test('each line is handed on, however the bytes are cut', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text();
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  const bytes = Buffer.from(
    text({ version: 2 }) + `${JSON.stringify({ version: 3, validForMs: 1, unbalanced: ['80|gelöscht'] })}\n`,
  );
  for (const byte of bytes) controller.write(Buffer.from([byte]));
  await vi.waitFor(() => expect(versions(followed)).toEqual([1, 2, 3]), SOON);
  expect(followed.lines[2]?.unbalanced).toEqual(['80|gelöscht']);
  expect(followed.refused).toEqual([]);
});

test('heartbeats that are the same as the one before are handed on each', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text();
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  const beat = { version: 1, validForMs: 10_000 };
  for (let count = 0; count < 3; count++) controller.send(beat);
  controller.send({ ...beat, version: 2 });
  await vi.waitFor(() => expect(followed.lines.slice(1)).toEqual([beat, beat, beat, { ...beat, version: 2 }]), SOON);
});

test.each([
  ['no JSON', 'not json\n', 'line'],
  ['a validity of 0', `${JSON.stringify({ version: 2, validForMs: 0 })}\n`, 'validForMs'],
  ['an unknown field', `${JSON.stringify({ version: 2, validForMs: 1, surprise: 1 })}\n`, 'surprise'],
  ['weights that are no list', `${JSON.stringify({ version: 2, validForMs: 1, weights: 7 })}\n`, 'weights'],
])('%s is refused by its field, and the stream is opened anew', async (_, broken, field) => {
  const controller = new ControllerStub();
  controller.greeting = () => text({ version: controller.streams });
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  controller.write(broken);
  await vi.waitFor(() => expect(versions(followed)).toEqual([1, 2]), SOON);
  expect(followed.refused).toEqual([expect.stringContaining(field)]);
});

test('an entry that is wrong costs itself: its service becomes one that nobody balances, and the line counts', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text();
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  const wrong = { ...rows({ key: '80|wrong' }), routing: 'Sideways' };
  controller.write(
    `${JSON.stringify({
      version: 2,
      validForMs: 10_000,
      services: [wrong, rows({ key: '80|right' })],
      cpu: [
        { uid: 'a', shares: 512 },
        { uid: 'b', shares: 1 },
      ],
      utilisation: [
        ['shop/a', -1],
        ['shop/b', 0.5],
      ],
    })}\n`,
  );
  await vi.waitFor(() => expect(followed.lines).toHaveLength(2), SOON);
  expect(followed.lines[1]).toEqual({
    version: 2,
    validForMs: 10_000,
    services: [rows({ key: '80|right' })],
    unbalanced: ['80|wrong'],
    cpu: [{ uid: 'a', shares: 512 }],
    utilisation: [['shop/b', 0.5]],
  });
  expect(followed.faults).toEqual([
    expect.stringContaining('services[0].routing: '),
    expect.stringContaining('cpu[1].shares: '),
    expect.stringContaining('utilisation[0].[1]: '),
  ]);
  expect(controller.streams).toBe(1);
});

test('a stream whose first line has no epoch is refused', async () => {
  const controller = new ControllerStub();
  controller.greeting = () =>
    controller.streams > 1 ? text() : `${JSON.stringify({ version: 1, validForMs: 10_000 })}\n`;
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  expect(followed.refused).toEqual(['epoch: the first line of a stream must have it']);
});

test('it comes back after each broken connection, and an unfinished line is forgotten', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text({ version: controller.streams });
  const followed = await follow(controller);
  for (let connection = 1; connection <= 3; connection++) {
    await vi.waitFor(() => expect(followed.lines).toHaveLength(connection), SOON);
    controller.write('{"version":99,"valid');
    controller.disconnect();
  }
  await vi.waitFor(() => expect(versions(followed)).toEqual([1, 2, 3, 4]), SOON);
  expect(followed.refused).toEqual([]);
  expect(followed.disconnected).toHaveLength(3);
});

test('when the node wants other services the stream is opened anew with them, once for all that come together', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text({ version: controller.streams });
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  for (let count = 1; count <= 3; count++) {
    followed.wants = Array.from({ length: count }, (_, index) => [`80|service-${index}`, index]);
    followed.stream.renew();
  }
  await vi.waitFor(() => expect(versions(followed)).toEqual([1, 2]), SOON);
  expect(controller.subscriptions).toMatchObject([
    { node: 'node 1&x', services: [] },
    {
      services: [
        ['80|service-0', 0],
        ['80|service-1', 1],
        ['80|service-2', 2],
      ],
    },
  ]);
  expect(followed.disconnected).toEqual([]);
});

test('what the node wants while no connection stands is asked for with the next one', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => text({ version: controller.streams });
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.lines).toHaveLength(1), SOON);
  controller.disconnect();
  followed.wants = [['80|a', 0]];
  followed.stream.renew();
  await vi.waitFor(() => expect(controller.subscriptions.at(-1)?.services).toEqual([['80|a', 0]]), SOON);
});

test('a controller of the version before is followed by what it knows, and asked again after each end', async () => {
  const controller = new ControllerStub();
  controller.isOld = true;
  controller.oldGreeting = () => oldText({ version: 10 + controller.streams });
  controller.greeting = () => text({ version: 20 });
  const followed = await follow(controller);
  await vi.waitFor(() => expect(followed.updates.map(({ version }) => version)).toEqual([11]), SOON);
  // It sends every service to every agent: no other stream would say more.
  followed.stream.renew();
  controller.sendOld(update({ version: 12, full: false, services: [] }));
  await vi.waitFor(() => expect(followed.updates).toHaveLength(2), SOON);
  expect(controller.streams).toBe(1);
  controller.isOld = false;
  controller.disconnect();
  await vi.waitFor(() => expect(versions(followed)).toEqual([20]), SOON);
  expect(followed.refused).toEqual([]);
});

test('closing ends a stream that is open and one that waits to try again', async () => {
  const ports = { line: vi.fn(), update: vi.fn(), fault: vi.fn(), refused: vi.fn(), disconnected: vi.fn() };
  const nobody = new AssignmentStream(new ControllerLink({ url: new URL('http://127.0.0.1:1') }, () => 0), {
    ...ports,
    subscription: () => ({ node: 'n', instance: 'i', epoch: 0, services: [] }),
  });
  nobody.start();
  await vi.waitFor(() => expect(ports.disconnected).toHaveBeenCalled(), SOON);
  await nobody.close();
  expect(ports.line).not.toHaveBeenCalled();
});

test('waits double from 0.1 s to 2 s, each drawn from its upper half, until something came', () => {
  const most = new BackOff(() => 1);
  expect(Array.from({ length: 7 }, () => most.next())).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
  most.reset();
  expect(most.next()).toBe(100);
  const least = new BackOff(() => 0);
  expect([least.next(), least.next()]).toEqual([50, 100]);
});
