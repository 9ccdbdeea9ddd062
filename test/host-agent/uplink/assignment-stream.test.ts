import { expect, onTestFinished, test, vi } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { AssignmentStream } from '../../../host-agent/uplink/assignment-stream.ts';
import { BackOff } from '../../../host-agent/uplink/back-off.ts';
import { ControllerLink } from '../../../host-agent/uplink/controller-link.ts';
import { ControllerStub } from '../support/controller-stub.ts';
import { update } from '../support/updates.ts';
import { SOON } from '../../support/soon.ts';

interface Heard {
  readonly updates: AssignmentUpdate[];
  readonly refused: string[];
  readonly disconnected: string[];
}

const line = (overrides: Partial<AssignmentUpdate> = {}): string => `${JSON.stringify(update(overrides))}\n`;

async function follow(controller: ControllerStub): Promise<Heard> {
  const heard: Heard = { updates: [], refused: [], disconnected: [] };
  const stream = new AssignmentStream(
    new ControllerLink({ url: await controller.listen() }, () => 0),
    'node 1&x',
    {
      update: (one) => heard.updates.push(one),
      refused: (failure) => heard.refused.push(failure.message),
      disconnected: (reason) => heard.disconnected.push(reason),
    },
    () => 0,
  );
  onTestFinished(async () => {
    await stream.close();
    await controller.close();
  });
  stream.start();
  return heard;
}

test('hands on each line, however the bytes are cut', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => line();
  const heard = await follow(controller);
  await vi.waitFor(() => expect(heard.updates).toHaveLength(1), SOON);
  const text = line({ version: 2, full: false }) + line({ version: 3, full: false, removed: ['80|gelöscht'] });
  const bytes = Buffer.from(text);
  for (const byte of bytes) controller.write(Buffer.from([byte]));
  await vi.waitFor(() => expect(heard.updates.map((one) => one.version)).toEqual([1, 2, 3]), SOON);
  expect(heard.updates[2]?.removed).toEqual(['80|gelöscht']);
  expect(heard.refused).toEqual([]);
});

test.each([
  ['no JSON', 'not json\n', 'line'],
  ['a weight above 1', line({ full: false }).replace('"weight":1', '"weight":1.5'), 'services[0].replicas[0].weight'],
  ['an unknown field', line({ full: false }).replace('"full"', '"surprise":1,"full"'), 'surprise'],
  ['a validity of nothing', line({ full: false, validForMs: 0 }), 'validForMs'],
])('%s is refused by its field, and the stream is opened anew', async (_, broken, field) => {
  const controller = new ControllerStub();
  controller.greeting = () => line({ version: controller.streams });
  const heard = await follow(controller);
  await vi.waitFor(() => expect(heard.updates).toHaveLength(1), SOON);
  controller.write(broken);
  await vi.waitFor(() => expect(heard.updates.map((one) => one.version)).toEqual([1, 2]), SOON);
  expect(heard.refused).toHaveLength(1);
  expect(heard.refused[0]).toContain(field);
});

test('a stream that does not begin with all there is, is refused', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => line({ full: controller.streams > 1 });
  const heard = await follow(controller);
  await vi.waitFor(() => expect(heard.updates).toHaveLength(1), SOON);
  expect(heard.refused).toEqual(['full: the first line of a stream must be full']);
});

test('comes back after each broken connection, an unfinished line forgotten', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => line({ version: controller.streams });
  const heard = await follow(controller);
  for (let connection = 1; connection <= 3; connection++) {
    await vi.waitFor(() => expect(heard.updates).toHaveLength(connection), SOON);
    controller.write('{"version":99,"full":');
    controller.disconnect();
  }
  await vi.waitFor(() => expect(heard.updates).toHaveLength(4), SOON);
  expect(heard.updates.map((one) => one.version)).toEqual([1, 2, 3, 4]);
  expect(heard.refused).toEqual([]);
  expect(heard.disconnected).toHaveLength(3);
});

test('closing ends a stream that is open and one that waits to try again', async () => {
  const events = { update: vi.fn(), refused: vi.fn(), disconnected: vi.fn() };
  const nobody = new AssignmentStream(new ControllerLink({ url: new URL('http://127.0.0.1:1') }, () => 0), 'n', events);
  nobody.start();
  await vi.waitFor(() => expect(events.disconnected).toHaveBeenCalled(), SOON);
  await nobody.close();
  expect(events.update).not.toHaveBeenCalled();
});

test('waits double from 0.1 s to 2 s, drawn from the upper half of each, and begin anew', () => {
  const most = new BackOff(() => 1);
  expect(Array.from({ length: 7 }, () => most.next())).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
  most.reset();
  expect(most.next()).toBe(100);
  const least = new BackOff(() => 0);
  expect([least.next(), least.next()]).toEqual([50, 100]);
});
