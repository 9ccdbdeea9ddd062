/**
 * Plans the next actions from the observed state. The plan depends on the state only, and is empty when nothing is to
 * be done. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { qualifiedName } from '../../../../contract/names.ts';
import { type LoadgenRequest, withRequestDefaults } from '../api/request.ts';
import type { Progress, RequestStatus } from '../api/request-status.ts';
import type { Measured } from '../api/result.ts';
import { endedStatus, isoTime, lostStatus, type Obstacle, runningStatus, waitingStatus } from './statuses.ts';

/** Maximum number of running loads, each against another service. */
export const RUNS_AT_ONCE = 10;
/** How long after its creation a request waits for its Service, ms. A forgotten request must not start much later. */
const SERVICE_WAIT_MS = 600_000;

export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
  /** It is of type ExternalName. */
  readonly isExternal: boolean;
  readonly ports: readonly number[];
}

/** The observed state of the cluster. */
export interface Seen {
  readonly requests: readonly LoadgenRequest[];
  readonly services: readonly ServiceView[];
}

/** A load of this process, which runs or whose result is not written yet. */
export type RunState =
  | { readonly phase: 'running'; readonly startTime: string; readonly progress: Progress }
  | { readonly phase: 'ended'; readonly measured: Measured };

export type Action =
  /** Write the status, then start the load. */
  | { readonly verb: 'start'; readonly request: LoadgenRequest; readonly status: RequestStatus }
  | { readonly verb: 'report'; readonly request: LoadgenRequest; readonly status: RequestStatus }
  /** Write the result, then the status that names it. */
  | {
      readonly verb: 'finish';
      readonly request: LoadgenRequest;
      readonly measured: Measured;
      readonly status: RequestStatus;
    }
  | { readonly verb: 'delete'; readonly request: LoadgenRequest }
  /** Stop the load if it runs, and drop it. */
  | { readonly verb: 'drop'; readonly uid: string };

const NOTHING_YET: Progress = {
  requests: 0,
  succeeded: 0,
  failed: 0,
  dropped: 0,
  achievedQps: 0,
  p50Ms: 0,
  p99Ms: 0,
};

/**
 * @param runs by uid of their requests
 * @param mixes names of the existing mixes
 * @param now wall clock, ms
 */
export function plan(
  seen: Seen,
  runs: ReadonlyMap<string, RunState>,
  mixes: ReadonlySet<string>,
  now: number,
): Action[] {
  const requests = oldestFirst(seen.requests);
  const uids = new Set(requests.map(({ metadata }) => metadata.uid));
  const drops = [...runs.keys()].filter((uid) => !uids.has(uid)).map((uid) => ({ verb: 'drop', uid }) as const);
  const busy = new Map(
    requests
      .filter((request) => runs.get(request.metadata.uid)?.phase === 'running' && !isOver(request))
      .map((request) => [serviceOf(request), request.metadata.name]),
  );
  const others = requests.flatMap((request): Action[] => {
    const run = runs.get(request.metadata.uid);
    if (run || isOver(request) || request.status?.phase === 'Running') return continued(request, run, now);
    const obstacle = obstacleOf(request, seen.services, busy, mixes, now);
    if (obstacle) return report(request, waitingStatus(request, obstacle, now));
    busy.set(serviceOf(request), request.metadata.name);
    const status = runningStatus(request, { startTime: isoTime(now), progress: NOTHING_YET }, now);
    return [{ verb: 'start', request, status }];
  });
  return [...drops, ...others];
}

/** Actions for a request whose load has started or is over. */
function continued(request: LoadgenRequest, run: RunState | undefined, now: number): Action[] {
  if (isOver(request)) {
    const drop: Action[] = run ? [{ verb: 'drop', uid: request.metadata.uid }] : [];
    return isOld(request, now) ? [...drop, { verb: 'delete', request }] : drop;
  }
  if (run?.phase === 'running') return report(request, runningStatus(request, run, now));
  if (!run) return report(request, lostStatus(request, now));
  return [{ verb: 'finish', request, measured: run.measured, status: endedStatus(request, run.measured, now) }];
}

function obstacleOf(
  request: LoadgenRequest,
  services: readonly ServiceView[],
  busy: ReadonlyMap<string, string>,
  mixes: ReadonlySet<string>,
  now: number,
): Obstacle | undefined {
  const { metadata, spec } = request;
  const { serviceName, port, mix } = withRequestDefaults(spec);
  if (mix !== undefined && !mixes.has(mix)) {
    const message = `spec.mix: there is no mix ${mix}: name one of ${[...mixes].join(', ')}.`;
    return { reason: 'UnknownMix', message, isFinal: true };
  }
  const service = services.find(({ namespace, name }) => namespace === metadata.namespace && name === serviceName);
  const isFinal = now - Date.parse(metadata.creationTimestamp) >= SERVICE_WAIT_MS;
  const until = isFinal ? 'The request waited 10 minutes for it.' : 'The load begins when there is, within 10 minutes.';
  if (!service) {
    const message = `spec.serviceName: there is no Service ${serviceName} in namespace ${metadata.namespace}. ${until}`;
    return { reason: 'ServiceNotFound', message, isFinal };
  }
  if (service.isExternal) {
    const message = `spec.serviceName: Service ${serviceName} is of type ExternalName: name one that has pods.`;
    return { reason: 'ExternalService', message, isFinal: true };
  }
  if (!service.ports.includes(port)) {
    const message = `spec.port: Service ${serviceName} has no port ${port}, but ${service.ports.join(', ')}. ${until}`;
    return { reason: 'PortNotFound', message, isFinal };
  }
  const before = busy.get(serviceOf(request));
  if (before !== undefined) {
    return { reason: 'Queued', message: `${before} runs against Service ${serviceName}.`, isFinal: false };
  }
  if (busy.size >= RUNS_AT_ONCE) {
    return { reason: 'Queued', message: `${RUNS_AT_ONCE} other loads run, which is the most.`, isFinal: false };
  }
  return undefined;
}

function report(request: LoadgenRequest, status: RequestStatus): Action[] {
  return isDeepStrictEqual(request.status, status) ? [] : [{ verb: 'report', request, status }];
}

/** Whether the request is final: its status does not change any more. */
function isOver({ metadata, status }: LoadgenRequest): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isOld({ metadata, spec, status }: LoadgenRequest, now: number): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.completionTime === undefined) return false;
  return now >= Date.parse(status.completionTime) + 1000 * withRequestDefaults(spec).ttlSecondsAfterFinished;
}

function serviceOf({ metadata, spec }: LoadgenRequest): string {
  return qualifiedName({ namespace: metadata.namespace, name: spec.serviceName });
}

function oldestFirst(requests: readonly LoadgenRequest[]): LoadgenRequest[] {
  const key = ({ metadata }: LoadgenRequest) => `${metadata.creationTimestamp} ${qualifiedName(metadata)}`;
  return requests.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
