import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Bodies, type BodyLimits, discardBody } from '../../../host-agent/serve/body.ts';
import { COUNTERS, serve } from '../support/proxy-server.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { SOON } from '../../support/soon.ts';

const LIMITS: BodyLimits = { each: 40_000, together: 100_000 };

/** A request whose parts a test sends one by one. */
class Request extends EventEmitter {
  readonly outcomes: string[] = [];

  constructor(bodies: Bodies) {
    super();
    bodies.read(this as unknown as IncomingMessage, (body) => {
      this.outcomes.push(Buffer.isBuffer(body) ? body.toString() : body);
    });
  }

  /** In memory of its own, as the pieces of a real body are. */
  send(text: string): Buffer {
    const piece = Buffer.alloc(Buffer.byteLength(text), text);
    this.emit('data', piece);
    return piece;
  }
}

test('a body that comes in many small pieces takes little more room than its bytes', () => {
  const bodies = new Bodies(LIMITS);
  const request = new Request(bodies);
  const text = Array.from({ length: 40_000 }, (_, index) => String(index % 10)).join('');
  const pieces = Array.from(text, (character) => request.send(character));
  expect(bodies.held).toBeLessThanOrEqual(LIMITS.each);
  // Given back, not left to the garbage collector.
  expect(pieces.every((piece) => piece.length === 0)).toBe(true);
  request.emit('end');
  expect(request.outcomes).toEqual([text]);
  expect(bodies.held).toBe(0);
});

test('the oldest makes room; who has sent nothing takes none', () => {
  const bodies = new Bodies(LIMITS);
  const [silent, ...slow] = Array.from({ length: 4 }, () => new Request(bodies));
  for (const request of slow) request.send('x'.repeat(30_000));
  const honest = new Request(bodies);
  honest.send('y'.repeat(20_000));
  honest.emit('end');
  expect(honest.outcomes).toEqual(['y'.repeat(20_000)]);
  expect([silent, ...slow].map((request) => request?.outcomes)).toEqual([[], ['no room'], [], []]);
  expect(bodies.held).toBe(60_000);
});

test('memory that a piece shares with others is left alone', () => {
  const request = new EventEmitter() as IncomingMessage;
  discardBody(request);
  const whole = Buffer.alloc(100, 'x');
  const shared = whole.subarray(10, 20);
  request.emit('data', shared);
  expect(shared.toString()).toBe('x'.repeat(10));
  request.emit('data', whole);
  expect(whole).toHaveLength(0);
});

test('whatever comes in whatever order, each is called back at most once and what is held has its bound', () => {
  const step = fc.record({
    request: fc.nat(7),
    what: fc.oneof(
      { weight: 5, arbitrary: fc.nat(LIMITS.each).map((length) => 'z'.repeat(length + 1)) },
      { weight: 5, arbitrary: fc.nat(200).map((length) => 'a'.repeat(length + 1)) },
      fc.constantFrom('end', 'close', 'error'),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const bodies = new Bodies(LIMITS);
      const requests = Array.from({ length: 8 }, () => ({ request: new Request(bodies), text: '', isOver: false }));
      for (const { request: index, what } of steps) {
        const one = requests[index];
        if (one === undefined || one.isOver) continue;
        const ends = ['end', 'close', 'error'].includes(what);
        const wasCalled = one.request.outcomes.length;
        if (!ends) one.text += what;
        if (ends) one.request.emit(what, new Error('broke off'));
        else one.request.send(what);
        one.isOver = ends;
        expect(bodies.held).toBeLessThanOrEqual(LIMITS.together);
        if (one.text.length > LIMITS.each) expect(one.request.outcomes).toHaveLength(1);
        if (what === 'end' && wasCalled === 0) expect(one.request.outcomes).toEqual([one.text]);
        if (ends && what !== 'end') expect(one.request.outcomes).toHaveLength(wasCalled);
      }
      for (const { request } of requests) {
        request.emit('close');
        expect(request.outcomes.length).toBeLessThanOrEqual(1);
      }
      expect(bodies.held).toBe(0);
    }),
  );
});

/** Begins to post. Resolves with the response. */
function post(url: string, announced: number, sent: Buffer): { socket: Socket; answer: Promise<string> } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const answer = new Promise<string>((resolve) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => resolve(data.toString()));
  });
  socket.write(`POST /v1/statistics HTTP/1.1\r\nhost: a\r\ncontent-length: ${announced}\r\n\r\n`);
  socket.write(sent);
  return { socket, answer };
}

test('a body without end is cut off by 413', async () => {
  const { url, statistics } = await serve();
  const answer = await post(url, 100_000_000, Buffer.alloc(2 * 1024 * 1024)).answer;
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(statistics).toEqual([]);
});

test('posts that are begun and never ended are answered 503 once they are too many, and keep nobody out', async () => {
  const { url, statistics, refused } = await serve();
  const MiB = 1024 * 1024;
  const begun = Array.from({ length: 12 }, () => post(url, MiB, Buffer.alloc(MiB - 1)));
  const answer = await Promise.race(begun.map((one) => one.answer));
  expect(answer).toMatch(/^HTTP\/1.1 503 /);
  expect(answer).toMatch(/^connection: close\r$/im);
  const response = await fetch(`${url}/v1/statistics`, { method: 'POST', body: encodeStatistics(COUNTERS) });
  expect(response.status).toBe(204);
  expect(statistics).toEqual([{ ...COUNTERS, tableVersion: 0 }]);
  await vi.waitFor(() => expect(refused.length).toBeGreaterThanOrEqual(4), SOON);
});

test('a post that breaks off is forgotten', async () => {
  const { url, statistics, refused } = await serve();
  const { socket } = post(url, 1000, Buffer.from('abc'));
  await vi.waitFor(async () => expect((await fetch(`${url}/livez`)).status).toBe(200), SOON);
  socket.destroy();
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(statistics).toEqual([]);
  expect(refused).toEqual([]);
});
