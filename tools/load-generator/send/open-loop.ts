/**
 * The open loop: each request is due at its scheduled time, whatever happens to earlier ones. Latency counts from then, so
 * a stall of the server, of the connections or of the generator itself shows in every request that it delays. (wrk2 avoids
 * Gil Tene's "coordinated omission" in the same way.) When the loop is late, it sends everything that is due.
 *
 * Outstanding requests are bounded by rate * timeout, because a request that cannot be sent in time fails as `notSent`.
 * With `maxOutstanding`, a request that falls due beyond that bound fails as `dropped`, and none waits.
 */
import { type LatencyHistogram, latencyHistogram, recordMs } from '../measure/histogram.ts';
import { type LoadSecond, type LoadTotals, type Outcome, Tally } from '../measure/tally.ts';
import type { Schedule } from '../workload/arrivals.ts';
import type { PlannedRequest } from '../workload/requests.ts';

export interface Sender {
  /** Maximum number of requests in flight. */
  readonly connections: number;
  /**
   * Sends a request. `done` is called once, later, even after an abort.
   * @returns a function that aborts the request by closing its connection
   */
  send(request: PlannedRequest, done: (outcome: Outcome) => void): () => void;
  close(): Promise<void>;
}

export interface Clock {
  /** Monotonic time, ms, with a fraction. */
  now(): number;
  /** Wall clock, ms since 1970. */
  wallMs(): number;
  /** Calls `wake` at `atMs` of `now()` or a little later, unless cancelled by the function it returns. */
  wakeAt(atMs: number, wake: () => void): () => void;
}

export interface OpenLoopOptions {
  /** Requests per second, on average. */
  readonly rate: number;
  readonly schedule: Schedule;
  /** Time over which requests fall due, ms. Without it the loop runs until `stop`. */
  readonly durationMs?: number;
  /** From when a request is due to when it counts as failed, ms. */
  readonly timeoutMs: number;
  readonly next: () => PlannedRequest;
  /** Maximum number of outstanding requests. Without it requests wait for a free connection. */
  readonly maxOutstanding?: number;
  /** Called for each second in order, when all requests due in it have ended. */
  readonly onSecond?: (second: LoadSecond) => void;
}

export interface LoadResult extends LoadTotals {
  /** Wall clock at the start, ms since 1970. */
  readonly startMs: number;
  /** From the start to when the last request was due, ms (at least one interval). */
  readonly durationMs: number;
  /** Microseconds from when a request was due to when it was given to a connection. */
  readonly sendDelay: LatencyHistogram;
}

interface Pending {
  readonly offsetMs: number;
  readonly request: PlannedRequest;
  abort?: () => void;
}

export class OpenLoop {
  readonly finished: Promise<LoadResult>;
  readonly #options: OpenLoopOptions;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #tally: Tally;
  readonly #start: number;
  readonly #startMs: number;
  readonly #sendDelay = latencyHistogram();
  /** Requests without an outcome, the oldest first, including those in `#waiting`. */
  readonly #outstanding = new Set<Pending>();
  readonly #waiting = new Set<Pending>();
  #limit: number;
  #planned = 0;
  #busyConnections = 0;
  #cancelWake: () => void = () => {};
  #finish: (result: LoadResult) => void = () => {};

  constructor(options: OpenLoopOptions, sender: Sender, clock: Clock) {
    this.#options = options;
    this.#sender = sender;
    this.#clock = clock;
    this.#start = clock.now();
    this.#startMs = clock.wallMs();
    this.#tally = new Tally(this.#startMs);
    this.#limit = options.durationMs === undefined ? Infinity : Math.round((options.durationMs / 1000) * options.rate);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#wake();
  }

  /** Stops sending. Outstanding requests end within the timeout. */
  stop(): Promise<LoadResult> {
    this.#limit = this.#planned;
    this.#cancelWake();
    this.#wake();
    return this.finished;
  }

  /** Counts of all requests so far. */
  get totals(): LoadTotals {
    return this.#tally.totals;
  }

  /** Number of requests without an outcome, and of those that wait for a connection. */
  get backlog(): { readonly outstanding: number; readonly waiting: number } {
    return { outstanding: this.#outstanding.size, waiting: this.#waiting.size };
  }

  #wake(): void {
    const elapsed = this.#clock.now() - this.#start;
    while (this.#planned < this.#limit && this.#dueMs(this.#planned) <= elapsed) {
      this.#plan({ offsetMs: this.#dueMs(this.#planned), request: this.#options.next() });
    }
    this.#expire(elapsed);
    this.#fillConnections();
    this.#report(this.#planned < this.#limit ? this.#dueMs(this.#planned) : elapsed);
    const oldest = first(this.#outstanding);
    const due = this.#planned < this.#limit ? this.#dueMs(this.#planned) : Infinity;
    const expiry = oldest ? oldest.offsetMs + this.#options.timeoutMs : Infinity;
    const nextMs = Math.min(due, expiry);
    if (nextMs < Infinity) this.#cancelWake = this.#clock.wakeAt(this.#start + nextMs, () => this.#wake());
    else this.#end();
  }

  #plan(pending: Pending): void {
    this.#planned += 1;
    this.#tally.due(pending.offsetMs);
    if (this.#outstanding.size >= (this.#options.maxOutstanding ?? Infinity)) {
      this.#tally.settled(pending.offsetMs, 0, { kind: 'dropped' });
      return;
    }
    this.#outstanding.add(pending);
    this.#waiting.add(pending);
  }

  #dueMs(index: number): number {
    return this.#options.schedule(index);
  }

  #expire(elapsed: number): void {
    for (const pending of this.#outstanding) {
      if (pending.offsetMs + this.#options.timeoutMs > elapsed) return;
      const outcome: Outcome = { kind: pending.abort ? 'timeout' : 'notSent' };
      this.#settle(pending, outcome);
      pending.abort?.();
    }
  }

  #fillConnections(): void {
    for (const pending of this.#waiting) {
      if (this.#busyConnections >= this.#sender.connections) return;
      this.#waiting.delete(pending);
      this.#busyConnections += 1;
      recordMs(this.#sendDelay, this.#clock.now() - this.#start - pending.offsetMs);
      pending.abort = this.#sender.send(pending.request, (outcome) => {
        this.#busyConnections -= 1;
        this.#settle(pending, outcome);
        this.#fillConnections();
        if (this.#planned >= this.#limit && this.#outstanding.size === 0) {
          this.#cancelWake();
          this.#wake();
        }
      });
    }
  }

  #settle(pending: Pending, outcome: Outcome): void {
    if (!this.#outstanding.delete(pending)) return;
    this.#waiting.delete(pending);
    this.#tally.settled(pending.offsetMs, this.#clock.now() - this.#start - pending.offsetMs, outcome);
  }

  #report(upToMs: number): void {
    for (const second of this.#tally.close(upToMs)) this.#options.onSecond?.(second);
  }

  #end(): void {
    const durationMs = this.#dueMs(Math.max(1, this.#planned));
    this.#report(Math.ceil(durationMs / 1000) * 1000);
    this.#finish({ ...this.#tally.totals, startMs: this.#startMs, durationMs, sendDelay: this.#sendDelay });
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const value of set) return value;
  return undefined;
}
