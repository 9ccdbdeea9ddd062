/** The load generator as a library: requests at a given rate against one server. */
import { performance } from 'node:perf_hooks';
import type { LoadSecond, LoadTotals, Outcome } from './measure/tally.ts';
import { httpSender } from './send/http-sender.ts';
import { type Clock, type LoadResult, OpenLoop, type Sender } from './send/open-loop.ts';
import { type Arrivals, scheduleOf } from './workload/arrivals.ts';
import type { Mix } from './workload/mix.ts';
import { seededRandom } from '../../apps/service/random.ts';
import { requestSource } from './workload/requests.ts';

/** Times and contents are drawn from streams of their own: neither changes with the other. */
const ARRIVALS_SEED = 0x5bd1e995;

export interface LoadOptions {
  /** Server, with a path that is put before those of the mix. `http:` or `https:`. */
  readonly url: URL;
  readonly mix: Mix;
  /** Requests per second. */
  readonly rate: number;
  /** How they are spread over time; by default evenly. */
  readonly arrivals?: Arrivals;
  /** Without it the load runs until `stop`. */
  readonly durationSeconds?: number;
  readonly connections: number;
  /** Requests that fall due while so many are outstanding are dropped; without it they wait for a connection. */
  readonly maxOutstanding?: number;
  readonly timeoutSeconds: number;
  /** Same seed, same sequence of requests. */
  readonly seed: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Response header (lower case) that names the replica that answered. */
  readonly replicaHeader?: string;
  readonly onSecond?: (second: LoadSecond) => void;
  /** Called as each request that was sent comes to its end; `sentMs` is of `performance.now()`. */
  readonly onOutcome?: (outcome: Outcome, sentMs: number) => void;
}

export interface Load {
  /** Resolves once no request falls due any more and all have come to their end. Never rejects. */
  readonly finished: Promise<LoadResult>;
  /** What became of all requests so far; it goes on changing. */
  readonly totals: Readonly<LoadTotals>;
  readonly backlog: { readonly outstanding: number; readonly waiting: number };
  /** Ends the load; what is outstanding comes to its end first. */
  stop(): Promise<LoadResult>;
}

const clock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt(atMs, wake) {
    // Timers count whole milliseconds. Rounding down would send 0.2 ms earlier on average, but wakes the process twice
    // per request, which at 300 requests/s costs a fifth more CPU; the delay is reported and counts in the latency.
    const timer = setTimeout(wake, Math.max(1, Math.ceil(atMs - performance.now())));
    return () => clearTimeout(timer);
  },
};

function observed(sender: Sender, observe: (outcome: Outcome, sentMs: number) => void): Sender {
  return {
    connections: sender.connections,
    send: (request, done) => {
      const sentMs = clock.now();
      return sender.send(request, (outcome) => {
        observe(outcome, sentMs);
        done(outcome);
      });
    },
    close: () => sender.close(),
  };
}

/** Starts at once. Nothing that the server does makes it throw; the options are taken as checked. */
export function runLoad(options: LoadOptions): Load {
  const sender = httpSender({
    origin: options.url.origin,
    connections: options.connections,
    connectTimeoutMs: options.timeoutSeconds * 1000,
    headers: options.headers ?? {},
    ...(options.replicaHeader === undefined ? {} : { replicaHeader: options.replicaHeader }),
  });
  const basePath = options.url.pathname.replace(/\/$/, '') + options.url.search;
  const loop = new OpenLoop(
    {
      rate: options.rate,
      schedule: scheduleOf(options.arrivals ?? 'constant', options.rate, seededRandom(options.seed ^ ARRIVALS_SEED)),
      timeoutMs: options.timeoutSeconds * 1000,
      next: requestSource(options.mix, basePath, seededRandom(options.seed)),
      ...(options.maxOutstanding === undefined ? {} : { maxOutstanding: options.maxOutstanding }),
      ...(options.durationSeconds === undefined ? {} : { durationMs: options.durationSeconds * 1000 }),
      ...(options.onSecond ? { onSecond: options.onSecond } : {}),
    },
    options.onOutcome ? observed(sender, options.onOutcome) : sender,
    clock,
  );
  const finished = loop.finished.finally(() => sender.close());
  return {
    finished,
    totals: loop.totals,
    get backlog() {
      return loop.backlog;
    },
    stop: () => loop.stop().then(() => finished),
  };
}
