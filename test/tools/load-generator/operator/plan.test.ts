import { expect, test } from 'vitest';
import type { LoadgenRequest } from '../../../../tools/load-generator/operator/api/request.ts';
import {
  type Action,
  plan,
  RUNS_AT_ONCE,
  type RunState,
  type ServiceView,
} from '../../../../tools/load-generator/operator/plan/plan.ts';
import { isoTime } from '../../../../tools/load-generator/operator/plan/statuses.ts';
import { CREATED, ENDED, MEASURED, MIXES, request, running, service, withStatus } from './made-up.ts';

interface Case {
  readonly requests: readonly LoadgenRequest[];
  readonly services?: readonly ServiceView[];
  readonly runs?: Readonly<Record<string, RunState>>;
  /** ms after the requests were created. */
  readonly after?: number;
}

function planned({ requests, services = [service('search'), service('geo')], runs = {}, after = 1_000 }: Case) {
  const byUid = new Map(Object.entries(runs).map(([name, run]) => [`uid-of-${name}`, run]));
  return plan({ requests, services }, byUid, MIXES, CREATED + after);
}

/** `<verb> <request>`, and phase and reasons of the status that is written. */
function shown(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.verb === 'drop') return `drop ${action.uid}`;
    if (action.verb === 'delete') return `delete ${action.request.metadata.name}`;
    const { phase, conditions = [] } = action.status;
    return [action.verb, action.request.metadata.name, phase, ...conditions.map(({ reason }) => reason)].join(' ');
  });
}

function messageOf([action]: readonly Action[]): string | undefined {
  if (!action || !('status' in action)) throw new Error('a status was to be written');
  return action.status.conditions?.[0]?.message;
}

test('a request whose Service is there begins', () => {
  expect(shown(planned({ requests: [request('a')] }))).toEqual(['start a Running Started Running']);
});

test('one at a time per service, the oldest first; other services do not wait', () => {
  const requests = [request('young', {}, CREATED + 5_000), request('old'), request('geo', { serviceName: 'geo' })];
  const actions = planned({ requests });
  expect(shown(actions)).toEqual([
    'start geo Running Started Running',
    'start old Running Started Running',
    'report young Pending Queued Waiting',
  ]);
  expect(messageOf(actions.slice(2))).toBe('old runs against Service search.');
});

test('the next in turn begins when the one before has ended, even before that is written', () => {
  const requests = [withStatus(request('a'), { phase: 'Running' }), request('b', {}, CREATED + 5_000)];
  expect(shown(planned({ requests, runs: { a: ENDED } }))).toEqual([
    'finish a Succeeded Started Completed',
    'start b Running Started Running',
  ]);
});

test('no more run at once than may', () => {
  const names = Array.from({ length: RUNS_AT_ONCE + 1 }, (_, index) => `s${index + 10}`);
  const actions = planned({
    requests: names.map((name) => request(name, { serviceName: name })),
    services: names.map((name) => service(name)),
  });
  expect(actions.filter(({ verb }) => verb === 'start')).toHaveLength(RUNS_AT_ONCE);
  expect(shown(actions).at(-1)).toBe('report s20 Pending Queued Waiting');
});

test.each([
  [
    'ServiceNotFound',
    { requests: [request('a', { serviceName: 'nobody' })] },
    'spec.serviceName: there is no Service nobody',
  ],
  [
    'ServiceNotFound',
    { requests: [request('a')], services: [service('search', { namespace: 'other' })] },
    'in namespace shop',
  ],
  ['PortNotFound', { requests: [request('a', { port: 80 })] }, 'spec.port: Service search has no port 80, but 8080.'],
])('%s: a request waits for what is missing, says so, and gives up after ten minutes', (reason, given, says) => {
  const actions = planned(given);
  expect(shown(actions)).toEqual([`report a Pending ${reason} Waiting`]);
  expect(messageOf(actions)).toContain(says);
  expect(messageOf(actions)).toContain('within 10 minutes');
  const late = planned({ ...given, after: 600_000 });
  expect(shown(late)).toEqual([`report a Failed ${reason} NotStarted`]);
});

test.each([
  ['ExternalService', { requests: [request('a')], services: [service('search', { isExternal: true, ports: [] })] }],
  ['UnknownMix', { requests: [request('a', { mix: 'nothing' })] }],
])('%s: what will not mend itself fails at once', (reason, given) => {
  expect(shown(planned(given))).toEqual([`report a Failed ${reason} NotStarted`]);
});

test('progress is written once, and nothing while there is none', () => {
  const run = { a: running(40, 1) };
  const [action] = planned({ requests: [request('a')], runs: run });
  if (action?.verb !== 'report') throw new Error('progress was to be written');
  expect(action.status).toMatchObject({
    observedGeneration: 1,
    phase: 'Running',
    startTime: '2026-05-04T10:00:01Z',
    progress: { requests: 40, failed: 1, achievedQps: 4 },
  });
  const told = withStatus(request('a'), action.status);
  expect(planned({ requests: [told], runs: run, after: 5_000 })).toEqual([]);
  expect(shown(planned({ requests: [told], runs: { a: running(44, 1) } }))).toEqual([
    'report a Running Started Running',
  ]);
});

test('a condition keeps its time for as long as it holds', () => {
  const [first] = planned({ requests: [request('a')], runs: { a: running(4) } });
  if (first?.verb !== 'report') throw new Error('progress was to be written');
  const told = withStatus(request('a'), first.status);
  const [next] = planned({ requests: [told], runs: { a: ENDED }, after: 61_000 });
  if (next?.verb !== 'finish') throw new Error('it ended');
  expect(next.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
    isoTime(CREATED + 1_000),
    isoTime(CREATED + 61_000),
  ]);
  expect(next.status).toMatchObject({ phase: 'Succeeded', resultName: 'a-uid-of-a', completionTime: MEASURED.endTime });
  expect(next.status.conditions?.[1]?.message).toBe(
    '240 requests, 10 failed, 4 of them dropped beyond maxOutstanding; 3.833 per second, p99 12.5 ms.',
  );
});

test('a load that nobody runs was interrupted: what was measured stands, and it is not run again', () => {
  const [report] = planned({ requests: [request('a')], runs: { a: running(40, 1) } });
  if (report?.verb !== 'report') throw new Error('progress was to be written');
  const lost = planned({ requests: [withStatus(request('a'), report.status)], after: 9_000 });
  expect(shown(lost)).toEqual(['report a Failed Started Interrupted']);
  const [action] = lost;
  if (action?.verb !== 'report') throw new Error('its end was to be written');
  expect(action.status).toMatchObject({ startTime: MEASURED.startTime, progress: { requests: 40, failed: 1 } });
  expect(action.status.conditions?.[1]?.message).toContain('40 requests, 1 failed');
  expect(planned({ requests: [withStatus(request('a'), action.status)], after: 10_000 })).toEqual([]);
});

test('a load that was stopped says so in status and result', () => {
  const measured = { ...MEASURED, outcome: 'Interrupted' } as const;
  const actions = planned({ requests: [request('a')], runs: { a: { phase: 'ended', measured } } });
  expect(shown(actions)).toEqual(['finish a Failed Started Interrupted']);
  expect(actions).toMatchObject([{ measured: { outcome: 'Interrupted' }, status: { resultName: 'a-uid-of-a' } }]);
});

test('a load is dropped with its request, and once its end is told', () => {
  const deleted = { ...request('a'), metadata: { ...request('a').metadata, deletionTimestamp: isoTime(CREATED) } };
  expect(shown(planned({ requests: [], runs: { a: running(4) } }))).toEqual(['drop uid-of-a']);
  expect(shown(planned({ requests: [deleted], runs: { a: running(4) } }))).toEqual(['drop uid-of-a']);
  expect(planned({ requests: [deleted], after: 1e9 })).toEqual([]);
  const over = withStatus(request('a'), { phase: 'Succeeded', completionTime: isoTime(CREATED) });
  expect(shown(planned({ requests: [over], runs: { a: ENDED } }))).toEqual(['drop uid-of-a']);
});

test('what is over is deleted when its time to live is', () => {
  const over = (ttl: object) => withStatus(request('a', ttl), { phase: 'Failed', completionTime: isoTime(CREATED) });
  expect(planned({ requests: [over({ ttlSecondsAfterFinished: 60 })], after: 59_000 })).toEqual([]);
  expect(shown(planned({ requests: [over({ ttlSecondsAfterFinished: 60 })], after: 60_000 }))).toEqual(['delete a']);
  expect(shown(planned({ requests: [over({})], after: 3_600_000 }))).toEqual(['delete a']);
});
