/**
 * `LoadgenResult` (loadgen.ballast.dev/v1alpha1): what a load measured. It goes with the request that it belongs to.
 */
import { Type, type Static } from 'typebox';
import { count, number, time } from './request-status.ts';

export const RESULT_KIND = 'LoadgenResult';
export const RESULT_PLURAL = 'loadgenresults';

export const ResultLoad = Type.Object(
  {
    requestName: Type.String({ description: 'The LoadgenRequest' }),
    serviceName: Type.String({ description: 'Service that got the load' }),
    port: count('Port of the Service'),
    path: Type.Optional(Type.String({ description: 'Path of the requests' })),
    mix: Type.Optional(Type.String({ description: 'Mix of the requests' })),
    targetQps: count('Requests per second that were asked for'),
    durationSeconds: count('For how long they were to fall due, s'),
    maxOutstanding: count('Requests that might be without an answer at once'),
  },
  { description: 'The load as it was asked for' },
);
export type ResultLoad = Static<typeof ResultLoad>;

const LatencyMs = Type.Object(
  {
    mean: number('Mean'),
    p50: number('Median'),
    p75: number('75th percentile'),
    p90: number('90th percentile'),
    p95: number('95th percentile'),
    p99: number('99th percentile'),
    p999: number('99.9th percentile'),
    max: number('The longest'),
  },
  {
    description:
      'ms from when a request was due to the last byte of its answer. Time-outs count with the time that they waited; ' +
      'other failures, and requests that were dropped, do not count',
  },
);

export const Measured = Type.Object(
  {
    outcome: Type.Union(
      [
        Type.Literal('Completed', { description: 'The load ran to its end' }),
        Type.Literal('Interrupted', { description: 'It was cut short: the figures are of the time until then' }),
      ],
      { description: 'How the load ended' },
    ),
    startTime: time('When it began'),
    endTime: time('When its last request came to its end'),
    requests: count('Requests that fell due'),
    succeeded: count('Those answered with a status below 400'),
    failed: count('Those that failed, the dropped ones included'),
    failures: Type.Object(
      {
        status: count('Answered with a status of 400 and above'),
        connect: count('No connection could be opened'),
        reset: count('The connection broke before the answer was whole'),
        timeout: count('No answer in 10 s'),
        notSent: count('No connection came free in 10 s'),
        dropped: count('Fell due while `maxOutstanding` others were without an answer, and not sent'),
      },
      { description: 'Failed requests by what went wrong' },
    ),
    achievedQps: number('Requests that succeeded, per second'),
    latencyMs: LatencyMs,
    replicas: Type.Array(
      Type.Object(
        {
          name: Type.String({ maxLength: 253, description: 'As it names itself in its answers' }),
          requests: count('Answers of any status'),
          percent: number('Of all answers that named a replica'),
        },
        { description: 'One replica' },
      ),
      { maxItems: 1000, description: 'Who answered, most answers first' },
    ),
    distribution: Type.String({ maxLength: 1024, description: 'The same in short, for people' }),
  },
  { description: 'What came of it' },
);
export type Measured = Static<typeof Measured>;
