import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentileMs } from '../../../../tools/load-generator/measure/histogram.ts';
import type { LoadSecond, Outcome } from '../../../../tools/load-generator/measure/tally.ts';
import {
  type Clock,
  OpenLoop,
  type OpenLoopOptions,
  type Sender,
} from '../../../../tools/load-generator/send/open-loop.ts';
import { scheduleOf } from '../../../../tools/load-generator/workload/arrivals.ts';

/** Time that a test moves. It calls what was due in between, in order. */
class FakeTime implements Clock {
  #now = 0;
  readonly #wakes = new Set<{ at: number; wake: () => void }>();

  now(): number {
    return this.#now;
  }
  wallMs(): number {
    return 1_000_000 + this.#now;
  }
  wakeAt(at: number, wake: () => void): () => void {
    const entry = { at, wake };
    this.#wakes.add(entry);
    return () => this.#wakes.delete(entry);
  }
  passUntil(end: number): void {
    for (;;) {
      const [next] = [...this.#wakes].filter((entry) => entry.at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#wakes.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = Math.max(this.#now, end);
  }
  /** The process gets no CPU until `at`: nothing is called meanwhile. */
  freezeUntil(at: number): void {
    this.#now = at;
  }
}

const answer: Outcome = { kind: 'answered', status: 200, bytes: 1 };

/** A server that answers at the time that `answersAt` gives for the time of sending. */
function fakeSender(time: FakeTime, connections: number, answersAt: (now: number) => number, outcome = answer) {
  const sentAt: number[] = [];
  const sender: Sender = {
    connections,
    send(_request, done) {
      sentAt.push(time.now());
      const cancel = time.wakeAt(answersAt(time.now()), () => done(outcome));
      return () => {
        cancel();
        time.wakeAt(time.now(), () => done({ kind: 'reset' }));
      };
    },
    close: async () => {},
  };
  return { sender, sentAt };
}

function options(over: Partial<OpenLoopOptions>): OpenLoopOptions {
  return {
    rate: 100,
    schedule: scheduleOf('constant', over.rate ?? 100, () => 0),
    timeoutMs: 10_000,
    next: () => ({ name: 'get', method: 'GET', path: '/' }),
    ...over,
  };
}

test('a stall of one second shows in the percentiles of all requests that it held up', async () => {
  const time = new FakeTime();
  const { sender } = fakeSender(time, 4, (now) => (now >= 1000 && now < 2000 ? 2000 : now + 1));
  const loop = new OpenLoop(options({ durationMs: 4000 }), sender, time);
  time.passUntil(20_000);
  const result = await loop.finished;
  expect(result).toMatchObject({ due: 400, answered: 400, failed: 0 });
  // Held up: those due from 1.0 to 2.0 s, a quarter of all, evenly by 0 to 1 s. Sent on the wire meanwhile: only four.
  expect(percentileMs(result.latency, 74)).toBeLessThan(50);
  expect(percentileMs(result.latency, 87.5)).toBeGreaterThan(450);
  expect(percentileMs(result.latency, 99)).toBeGreaterThan(900);
  expect(percentileMs(result.latency, 100)).toBeGreaterThanOrEqual(1000);
});

test('when the generator itself was held up it sends all that fell due, and counts the delay', async () => {
  const time = new FakeTime();
  const { sender, sentAt } = fakeSender(time, 1000, (now) => now + 5);
  const loop = new OpenLoop(options({ durationMs: 2000 }), sender, time);
  time.passUntil(500);
  time.freezeUntil(1500);
  time.passUntil(5000);
  const result = await loop.finished;
  expect(sentAt).toHaveLength(200);
  expect(sentAt.filter((at) => at === 1500).length).toBeGreaterThanOrEqual(99);
  expect(percentileMs(result.latency, 100)).toBeGreaterThan(980);
  expect(percentileMs(result.sendDelay, 100)).toBeGreaterThan(980);
});

test('each second is reported once, in order, only when its requests have all come to their end', () => {
  const time = new FakeTime();
  const seconds: LoadSecond[] = [];
  const { sender } = fakeSender(time, 1000, (now) => (now < 1000 ? 3500 : now + 1));
  void new OpenLoop(options({ durationMs: 5000, onSecond: (second) => seconds.push(second) }), sender, time);
  time.passUntil(3490);
  expect(seconds).toEqual([]);
  time.passUntil(20_000);
  expect(seconds.map(({ index, startMs, due }) => [index, startMs, due])).toEqual(
    [0, 1, 2, 3, 4].map((index) => [index, 1_000_000 + index * 1000, 100]),
  );
  expect(percentileMs(seconds[0]?.latency ?? fail(), 50)).toBeGreaterThan(2900);
  expect(percentileMs(seconds[1]?.latency ?? fail(), 99)).toBeLessThan(2);
});

test('requests that got no connection in time are failures of their own kind, and so are those without an answer', async () => {
  const time = new FakeTime();
  const { sender, sentAt } = fakeSender(time, 2, () => Infinity);
  const loop = new OpenLoop(options({ rate: 50, durationMs: 1000, timeoutMs: 300 }), sender, time);
  time.passUntil(250);
  time.freezeUntil(1000);
  time.passUntil(10_000);
  const result = await loop.finished;
  // 36 fell due up to 0.7 s: two were sent, the others found both connections taken until their time was up.
  expect(result).toMatchObject({ due: 50, failures: { timeout: 16, notSent: 34 } });
  expect(sentAt).toHaveLength(16);
  expect(percentileMs(result.latency, 0)).toBeGreaterThanOrEqual(299);
});

test('what falls due while as many are outstanding as may be is dropped, at once and without a latency', async () => {
  const time = new FakeTime();
  const { sender, sentAt } = fakeSender(time, 3, (now) => now + 100);
  const loop = new OpenLoop(options({ rate: 50, durationMs: 1000, maxOutstanding: 3 }), sender, time);
  time.passUntil(500);
  expect(loop.backlog).toEqual({ outstanding: 3, waiting: 0 });
  expect(loop.totals.failures.dropped).toBeGreaterThan(0);
  time.passUntil(5000);
  const { due, answered, failures, latency } = await loop.finished;
  // Three in 100 ms can be answered, five fall due.
  expect({ due, answered, dropped: failures.dropped }).toEqual({ due: 50, answered: 30, dropped: 20 });
  expect(sentAt).toHaveLength(30);
  expect(latency.totalCount).toBe(30);
  expect(percentileMs(latency, 100)).toBeLessThan(101);
});

test.each([
  [{ kind: 'answered', status: 503, bytes: 0 }, 'status'],
  [{ kind: 'connect' }, 'connect'],
  [{ kind: 'reset' }, 'reset'],
] as const)('a quick failure is counted and left out of the latencies (%j)', async (outcome, kind) => {
  const time = new FakeTime();
  const { sender } = fakeSender(time, 2, (now) => now + 1, outcome);
  const loop = new OpenLoop(options({ durationMs: 100 }), sender, time);
  time.passUntil(1000);
  const result = await loop.finished;
  expect(result.failures[kind]).toBe(10);
  expect(result.latency.totalCount).toBe(0);
});

test('stop lets outstanding requests come to their end', async () => {
  const time = new FakeTime();
  const { sender } = fakeSender(time, 10, (now) => now + 200);
  const loop = new OpenLoop(options({ rate: 10 }), sender, time);
  time.passUntil(1050);
  const finished = loop.stop();
  time.passUntil(5000);
  expect(await finished).toMatchObject({ due: 11, answered: 11 });
  expect(loop.backlog).toEqual({ outstanding: 0, waiting: 0 });
});

test('whatever the server does, each request that fell due is accounted for once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 5 }),
      (delays, connections, rate, freezes) => {
        const time = new FakeTime();
        let sent = 0;
        const { sender } = fakeSender(time, connections, (now) => now + (delays[sent++ % delays.length] ?? 0));
        const seconds: LoadSecond[] = [];
        const loop = new OpenLoop(
          options({ rate, durationMs: 2000, timeoutMs: 500, onSecond: (second) => seconds.push(second) }),
          sender,
          time,
        );
        for (const freeze of freezes) {
          time.freezeUntil(time.now() + freeze);
          time.passUntil(time.now() + 100);
        }
        time.passUntil(time.now() + 5000);
        expect(loop.backlog).toEqual({ outstanding: 0, waiting: 0 });
        const due = seconds.reduce((sum, second) => sum + second.due, 0);
        expect(due).toBe(2 * rate);
        expect(seconds.reduce((sum, second) => sum + second.answered + second.failed, 0)).toBe(due);
        for (const second of seconds) expect(second.latency.totalCount).toBe(second.due);
      },
    ),
    { numRuns: 60 },
  );
});

function fail(): never {
  throw new Error('a second is missing');
}
