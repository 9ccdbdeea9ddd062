/** The load generator as a library: sends requests at a given rate to one server. */
import { performance } from 'node:perf_hooks';
import { pathBelow } from '../../contract/base-address.ts';
import type { LoadSecond, LoadTotals, Outcome } from './measure/tally.ts';
import { httpSender } from './send/http-sender.ts';
import { type Clock, type LoadResult, OpenLoop, type Sender } from './send/open-loop.ts';
import { type Arrivals, scheduleOf } from './workload/arrivals.ts';
import type { Mix } from './workload/mix.ts';
import { seededRandom } from '../../apps/service/random.ts';
import { requestSource } from './workload/requests.ts';

/** Times and contents come from two random streams, so that neither changes with the other. */
const ARRIVALS_SEED = 0x5bd1e995;

export interface LoadOptions {
  /** Server (`http:` or `https:`), with a path that precedes those of the mix. */
  readonly url: URL;
  readonly mix: Mix;
  /** Requests per second. */
  readonly rate: number;
  /** How requests are spread over time. Default: evenly. */
  readonly arrivals?: Arrivals;
  /** Default: until `stop`. */
  readonly durationSeconds?: number;
  readonly connections: number;
  /** Requests that fall due while this many are outstanding are dropped. Without it they wait for a connection. */
  readonly maxOutstanding?: number;
  readonly timeoutSeconds: number;
  /** The same seed gives the same sequence of requests. */
  readonly seed: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Response header (lower case) that names the replica that answered. */
  readonly replicaHeader?: string;
  readonly onSecond?: (second: LoadSecond) => void;
  /** Called at the end of each request that was sent. `sentMs` is a time of `performance.now()`. */
  readonly onOutcome?: (outcome: Outcome, sentMs: number) => void;
}

export interface Load {
  /** Resolves when the last request has ended. Never rejects. */
  readonly finished: Promise<LoadResult>;
  /** Counts of all requests so far. The object changes with each request. */
  readonly totals: Readonly<LoadTotals>;
  readonly backlog: { readonly outstanding: number; readonly waiting: number };
  /** Ends the load after the outstanding requests have ended. */
  stop(): Promise<LoadResult>;
}

const clock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt(atMs, wake) {
    // Timers count whole milliseconds. Rounding down would send 0.2 ms earlier on average, but wake the process twice
    // per
    // request, which at 300 requests/s costs a fifth more CPU. The delay is reported and counts in the latency.
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

/** Starts at once. It never throws because of the server. The options must be valid. */
export function runLoad(options: LoadOptions): Load {
  const sender = httpSender({
    origin: options.url.origin,
    connections: options.connections,
    connectTimeoutMs: options.timeoutSeconds * 1000,
    headers: options.headers ?? {},
    ...(options.replicaHeader === undefined ? {} : { replicaHeader: options.replicaHeader }),
  });
  const loop = new OpenLoop(
    {
      rate: options.rate,
      schedule: scheduleOf(options.arrivals ?? 'constant', options.rate, seededRandom(options.seed ^ ARRIVALS_SEED)),
      timeoutMs: options.timeoutSeconds * 1000,
      next: requestSource(options.mix, (path) => pathBelow(options, path), seededRandom(options.seed)),
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
