/** `status` of a LoadgenRequest. The operator writes it through the status subresource. */
import { Type, type Static } from 'typebox';

/** The conditions of a request, and the meaning of their reasons. */
export const REQUEST_CONDITIONS = {
  Started: {
    description: 'The load was begun',
    reasons: {
      Started: 'Requests are being sent, or were.',
      ServiceNotFound: 'There is no such Service in the namespace. The load begins when there is.',
      PortNotFound: 'The Service has no such port. The load begins when it has.',
      ExternalService: 'The Service is another name for a host outside of the cluster, which gets no load.',
      UnknownMix: 'No mix of that name comes with the load generator.',
      Queued: 'Another load runs against the same Service, or as many run as may: this one is next in turn.',
    },
  },
  Complete: {
    description: 'The load ran for its whole time, and its result is written',
    reasons: {
      Waiting: 'It has not begun: see the condition Started.',
      Running: 'It has not ended.',
      Completed: 'It ran to its end. How many requests failed is part of the result.',
      Interrupted: 'Its generator was stopped or lost: what was measured until then stands. It is not run again.',
      NotStarted: 'It was given up: see the condition Started.',
    },
  },
} as const;

export type StartedReason = keyof typeof REQUEST_CONDITIONS.Started.reasons;
export type CompleteReason = keyof typeof REQUEST_CONDITIONS.Complete.reasons;

export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const number = (description: string) => Type.Number({ minimum: 0, description });
export const time = (description: string) => Type.String({ format: 'date-time', description });

const RequestCondition = Type.Object(
  {
    type: Type.Union([Type.Literal('Started'), Type.Literal('Complete')], { description: 'What the finding is about' }),
    status: Type.Union([Type.Literal('True'), Type.Literal('False')], { description: 'Does it hold?' }),
    reason: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Z][A-Za-z]*$', description: 'For programs' }),
    message: Type.String({ maxLength: 1024, description: 'For people' }),
    lastTransitionTime: time('When `status` last changed'),
    observedGeneration: count('Generation of the request that this was found of'),
  },
  { description: 'One finding about the request' },
);
export type RequestCondition = Static<typeof RequestCondition>;

const Progress = Type.Object(
  {
    requests: count('Requests that fell due'),
    succeeded: count('Those answered with a status below 400'),
    failed: count('Those that failed, the dropped ones included'),
    dropped: count('Those that fell due while `maxOutstanding` others were without an answer, and were not sent'),
    achievedQps: number('Requests that succeeded, per second'),
    p50Ms: number('Median of the latency, ms'),
    p99Ms: number('99th percentile of the latency, ms'),
  },
  { description: 'What was measured so far' },
);
export type Progress = Static<typeof Progress>;

export const RequestStatus = Type.Object(
  {
    observedGeneration: Type.Optional(count('Generation of the request that this status is about')),
    phase: Type.Optional(
      Type.Union(
        [
          Type.Literal('Pending', { description: 'It has not begun' }),
          Type.Literal('Running', { description: 'Requests are being sent' }),
          Type.Literal('Succeeded', { description: 'It ran to its end' }),
          Type.Literal('Failed', { description: 'It was not begun, or was interrupted' }),
        ],
        { description: 'Progress of the load' },
      ),
    ),
    startTime: Type.Optional(time('When the load began')),
    completionTime: Type.Optional(time('When it ended, or was given up')),
    progress: Type.Optional(Progress),
    resultName: Type.Optional(Type.String({ maxLength: 253, description: 'The LoadgenResult, once there is one' })),
    conditions: Type.Optional(
      Type.Array(RequestCondition, { maxItems: 8, description: 'What was found of the request, one of each type' }),
    ),
  },
  { description: 'How far the load is' },
);
export type RequestStatus = Static<typeof RequestStatus>;
