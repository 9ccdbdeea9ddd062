import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ProxyServer } from '../../../host-agent/serve/server.ts';
import { TableBoard } from '../../../host-agent/serve/table-board.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { update } from '../support/updates.ts';

const HOST = 'host: ballast-agent\r\n';

function poll(version: number | string): Buffer {
  return Buffer.from(`GET /v1/table?version=${version} HTTP/1.1\r\n${HOST}\r\n`);
}

function post(sequence: number): Buffer {
  const counters = { namespace: 'hotel', pod: 'search-0', instance: 'a', sequence, tableVersion: 0, fallbacks: 0 };
  const body = encodeStatistics({ ...counters, called: [] });
  const head = `POST /v1/statistics HTTP/1.1\r\n${HOST}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** A server with a table, and a connection to it whose answers' first lines are kept. */
async function open(): Promise<{
  server: ProxyServer;
  socket: Socket;
  version: number;
  sequences: number[];
  refused: string[];
  answers: () => string[];
}> {
  const held = new HeldAssignments();
  const board = new TableBoard(held, 1_763_600_000_000);
  board.changed(held.apply(update({ services: [] }), 0), 0);
  const sequences: number[] = [];
  const refused: string[] = [];
  const server = new ProxyServer({
    board,
    now: () => 0,
    statistics: ({ sequence }) => void sequences.push(sequence),
    refused: ({ message }) => void refused.push(message),
    health: () => ({ ready: true, detail: {} }),
    metrics: async () => ({ type: 'text/plain', body: '' }),
    plugin: undefined,
  });
  const { port } = await server.listen('127.0.0.1', 0);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => void (received += text));
  onTestFinished(async () => {
    socket.destroy();
    await server.close();
  });
  const answers = (): string[] => received.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(9)) ?? [];
  return { server, socket, version: board.version ?? 0, sequences, refused, answers };
}

test('one connection carries request after request', async () => {
  const { socket, server, version, sequences, answers } = await open();
  socket.write(poll(0));
  await vi.waitFor(() => expect(answers()).toEqual(['200']), 5000);
  socket.write(post(1));
  await vi.waitFor(() => expect(answers()).toEqual(['200', '204']), 5000);
  socket.write(poll(version));
  await vi.waitFor(() => expect(server.waiting).toBe(1), 5000);
  server.push();
  await vi.waitFor(() => expect(answers()).toEqual(['200', '204', '200']), 5000);
  socket.write(post(2));
  await vi.waitFor(() => expect(sequences).toEqual([1, 2]), 5000);
});

test('requests are answered alike, however their bytes arrive', async () => {
  const requests = Buffer.concat([
    post(1),
    poll(0),
    Buffer.from(`GET /livez HTTP/1.1\r\n${HOST}\r\n`),
    post(2),
    poll(0),
  ]);
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: requests.length - 1 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const { socket, sequences, answers } = await open();
      const ends = [...places.toSorted((a, b) => a - b), requests.length];
      for (const [index, end] of ends.entries()) {
        socket.write(requests.subarray(ends[index - 1] ?? 0, end));
        await sleep(2);
      }
      await vi.waitFor(() => expect(answers()).toEqual(['204', '200', '200', '204', '200']), 5000);
      expect(sequences).toEqual([1, 2]);
    }),
    { numRuns: 30 },
  );
});

test('what comes while a poll waits is answered after it', async () => {
  const { socket, server, version, sequences, answers } = await open();
  socket.write(poll(version));
  await vi.waitFor(() => expect(server.waiting).toBe(1), 5000);
  socket.write(post(1));
  await vi.waitFor(() => expect(sequences).toEqual([1]), 5000);
  expect(server.waiting).toBe(1);
  server.push();
  await vi.waitFor(() => expect(answers()).toEqual(['200', '204']), 5000);
});

test('statistics that cannot be read are refused once, and the connection goes on', async () => {
  const { socket, sequences, refused, answers } = await open();
  const damaged = post(1);
  damaged[damaged.length - 1] = 0;
  socket.write(
    damaged
      .subarray(0, damaged.indexOf('BLSR'))
      .toString()
      .replace(/\d+\r\n\r\n$/, '4\r\n\r\nnone'),
  );
  await vi.waitFor(() => expect(answers()).toEqual(['400']), 5000);
  socket.write(post(2));
  await vi.waitFor(() => expect(answers()).toEqual(['400', '204']), 5000);
  expect(refused).toHaveLength(1);
  expect(sequences).toEqual([2]);
});

test('a connection that ends while its poll waits is forgotten', async () => {
  const { socket, server, version } = await open();
  socket.write(poll(version));
  await vi.waitFor(() => expect(server.waiting).toBe(1), 5000);
  const closed = once(socket, 'close');
  socket.end();
  await vi.waitFor(() => expect(server.waiting).toBe(0), 5000);
  await closed;
});

test('closing answers a poll that waits, and ends the connection', async () => {
  const { socket, server, version, answers } = await open();
  socket.write(poll(version));
  await vi.waitFor(() => expect(server.waiting).toBe(1), 5000);
  await Promise.all([server.close(), once(socket, 'close')]);
  expect(answers()).toEqual(['304']);
});
