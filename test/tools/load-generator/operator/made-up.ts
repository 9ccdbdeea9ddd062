/** Requests, Services and loads as the plan sees them. */
import type { LoadgenRequest, RequestSpec } from '../../../../tools/load-generator/operator/api/request.ts';
import type { RequestStatus } from '../../../../tools/load-generator/operator/api/request-status.ts';
import type { Measured } from '../../../../tools/load-generator/operator/api/result.ts';
import type { RunState, ServiceView } from '../../../../tools/load-generator/operator/plan/plan.ts';
import { isoTime } from '../../../../tools/load-generator/operator/plan/statuses.ts';

/** Wall clock at which the made-up requests are created, ms. */
export const CREATED = Date.parse('2026-05-04T10:00:00Z');
export const MIXES: ReadonlySet<string> = new Set(['hotel']);

export function request(name: string, spec: Partial<RequestSpec> = {}, createdMs = CREATED): LoadgenRequest {
  return {
    apiVersion: 'loadgen.ballast.dev/v1alpha1',
    kind: 'LoadgenRequest',
    metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, generation: 1, creationTimestamp: isoTime(createdMs) },
    spec: { serviceName: 'search', ...spec },
  };
}

export function withStatus(of: LoadgenRequest, status: RequestStatus): LoadgenRequest {
  return { ...of, status };
}

export function service(name: string, over: Partial<ServiceView> = {}): ServiceView {
  return { namespace: 'shop', name, isExternal: false, ports: [8080], ...over };
}

const NO_FAILURES = { status: 0, connect: 0, reset: 0, timeout: 0, notSent: 0, dropped: 0 };

export const MEASURED: Measured = {
  outcome: 'Completed',
  startTime: isoTime(CREATED + 1_000),
  endTime: isoTime(CREATED + 61_000),
  requests: 240,
  succeeded: 230,
  failed: 10,
  failures: { ...NO_FAILURES, status: 6, dropped: 4 },
  achievedQps: 3.833,
  latencyMs: { mean: 5, p50: 4, p75: 5, p90: 8, p95: 9, p99: 12.5, p999: 15, max: 15 },
  replicas: [{ name: 'search-0', requests: 236, percent: 100 }],
  distribution: 'search-0 100%',
};

export function running(requests: number, failed = 0): RunState {
  const succeeded = requests - failed;
  const progress = { requests, succeeded, failed, dropped: 0, achievedQps: 4, p50Ms: 4, p99Ms: 12.5 };
  return { phase: 'running', startTime: MEASURED.startTime, progress };
}

export const ENDED: RunState = { phase: 'ended', measured: MEASURED };
