/** A load of this process, with the state that the plan needs. */
import type { Mix } from '../../workload/mix.ts';
import { type LoadOptions, runLoad } from '../../load.ts';
import { type LoadgenRequest, withRequestDefaults } from '../api/request.ts';
import type { RunState } from '../plan/plan.ts';
import { isoTime } from '../plan/statuses.ts';
import { measuredOf, progressOf } from './measure.ts';

/** From when a request is due to when it counts as failed, s. */
const TIMEOUT_SECONDS = 10;
/** How often its progress is reported. */
const PROGRESS_MS = 1_000;
/** Every run of a load has the same sequence of requests. */
const SEED = 1;

export interface Run {
  readonly state: RunState;
  /** Stops the load. Resolves when the outstanding requests have ended. */
  interrupt(): Promise<void>;
}

/**
 * Starts the load at once.
 * @param target base URL of the Service's port: `http://host:port`
 * @param mix the mix that the request names, if any
 * @param changed called when `state` has changed: about each second, and at the end
 */
export function startLoadRun({ spec }: LoadgenRequest, target: URL, mix: Mix | undefined, changed: () => void): Run {
  const { targetQps, durationSeconds, maxOutstanding, replicaHeader, path = '/' } = withRequestDefaults(spec);
  const options: LoadOptions = {
    url: target,
    mix: mix ?? { name: path, parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path }] },
    rate: targetQps,
    durationSeconds,
    connections: maxOutstanding,
    maxOutstanding,
    timeoutSeconds: TIMEOUT_SECONDS,
    seed: SEED,
    replicaHeader: replicaHeader.toLowerCase(),
  };
  const startMs = Date.now();
  const startTime = isoTime(startMs);
  const load = runLoad(options);
  const secondsNow = (): number => Math.min(durationSeconds, (Date.now() - startMs) / 1000);
  let state: RunState = { phase: 'running', startTime, progress: progressOf(load.totals, 0) };
  const timer = setInterval(() => {
    state = { phase: 'running', startTime, progress: progressOf(load.totals, secondsNow()) };
    changed();
  }, PROGRESS_MS);
  const end = async (): Promise<void> => {
    const result = await load.finished;
    clearInterval(timer);
    const times = { startTime, endTime: isoTime(Date.now()), seconds: result.durationMs / 1000 };
    const outcome = result.due < targetQps * durationSeconds ? 'Interrupted' : 'Completed';
    state = { phase: 'ended', measured: measuredOf(result, outcome, times) };
    changed();
  };
  const ended = end();
  return {
    get state() {
      return state;
    },
    async interrupt() {
      await load.stop();
      await ended;
    },
  };
}
