/** Makes the status of a request from its state. Pure. */
import type { LoadgenRequest } from '../api/request.ts';
import type {
  CompleteReason,
  Progress,
  RequestCondition,
  RequestStatus,
  StartedReason,
} from '../api/request-status.ts';
import type { Measured } from '../api/result.ts';

/** Why a load does not start. */
export interface Obstacle {
  readonly reason: Exclude<StartedReason, 'Started'>;
  readonly message: string;
  /** True if waiting does not help, or the request has waited long enough. */
  readonly isFinal: boolean;
}

interface Finding<Reason> {
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

/** The API server's form of times: `2026-05-04T10:00:00Z`. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function waitingStatus(request: LoadgenRequest, { reason, message, isFinal }: Obstacle, now: number) {
  const started = { status: 'False', reason, message } as const;
  if (!isFinal) {
    return statusOf(request, now, { phase: 'Pending' }, started, { status: 'False', reason: 'Waiting', message });
  }
  const ended = { phase: 'Failed', completionTime: isoTime(now) } as const;
  return statusOf(request, now, ended, started, { status: 'False', reason: 'NotStarted', message });
}

export function runningStatus(
  request: LoadgenRequest,
  run: { readonly startTime: string; readonly progress: Progress },
  now: number,
): RequestStatus {
  const { startTime, progress } = run;
  const message = `${progress.requests} requests so far, ${failedOf(progress)}.`;
  return statusOf(request, now, { phase: 'Running', startTime, progress }, begun(startTime), {
    status: 'False',
    reason: 'Running',
    message,
  });
}

export function endedStatus(request: LoadgenRequest, measured: Measured, now: number): RequestStatus {
  const { outcome, startTime, endTime, requests, succeeded, failed, failures, achievedQps, latencyMs } = measured;
  const { dropped } = failures;
  const { p50: p50Ms, p99: p99Ms } = latencyMs;
  const progress = { requests, succeeded, failed, dropped, achievedQps, p50Ms, p99Ms };
  const figures = `${requests} requests, ${failedOf(progress)}; ${achievedQps} per second, p99 ${p99Ms} ms.`;
  const ended = { startTime, completionTime: endTime, progress, resultName: resultNameOf(request) };
  return outcome === 'Completed'
    ? statusOf(request, now, { phase: 'Succeeded', ...ended }, begun(startTime), {
        status: 'True',
        reason: 'Completed',
        message: figures,
      })
    : statusOf(request, now, { phase: 'Failed', ...ended }, begun(startTime), {
        status: 'False',
        reason: 'Interrupted',
        message: `The load generator was stopped meanwhile. Until then: ${figures}`,
      });
}

/** The status of a load that was started and that no operator runs any more. It keeps the last reported progress. */
export function lostStatus(request: LoadgenRequest, now: number): RequestStatus {
  const { startTime = isoTime(now), progress } = request.status ?? {};
  const known = progress ? `${progress.requests} requests, ${failedOf(progress)}` : 'nothing was measured yet';
  const ended = { phase: 'Failed', startTime, completionTime: isoTime(now), ...(progress && { progress }) } as const;
  return statusOf(request, now, ended, begun(startTime), {
    status: 'False',
    reason: 'Interrupted',
    message: `The load generator ended in the middle of it. As of its last word: ${known}. It is not run again.`,
  });
}

/** Unique over time, because a request that is deleted and created again has another uid. */
export function resultNameOf({ metadata }: LoadgenRequest): string {
  return `${metadata.name.slice(0, 240)}-${metadata.uid.slice(0, 8)}`;
}

function failedOf({ failed, dropped }: Pick<Progress, 'failed' | 'dropped'>): string {
  return dropped === 0 ? `${failed} failed` : `${failed} failed, ${dropped} of them dropped beyond maxOutstanding`;
}

function begun(startTime: string): Finding<StartedReason> {
  return { status: 'True', reason: 'Started', message: `Began at ${startTime}.` };
}

function statusOf(
  request: LoadgenRequest,
  now: number,
  rest: Omit<RequestStatus, 'conditions' | 'observedGeneration'>,
  started: Finding<StartedReason>,
  complete: Finding<CompleteReason>,
): RequestStatus {
  const { generation } = request.metadata;
  const condition = (type: RequestCondition['type'], finding: Finding<string>): RequestCondition => {
    const before = request.status?.conditions?.find((each) => each.type === type);
    const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : isoTime(now);
    return { type, ...finding, lastTransitionTime, observedGeneration: generation };
  };
  return {
    observedGeneration: generation,
    ...rest,
    conditions: [condition('Started', started), condition('Complete', complete)],
  };
}
