/** `LoadgenRequest` (loadgen.ballast.dev/v1alpha1): a load that is run once against a Service of its namespace. */
import { Type, type Static } from 'typebox';
import { RequestStatus } from './request-status.ts';

export const LOADGEN_GROUP = 'loadgen.ballast.dev';
export const LOADGEN_VERSION = 'v1alpha1';
export const LOADGEN_API_VERSION = `${LOADGEN_GROUP}/${LOADGEN_VERSION}`;
export const REQUEST_KIND = 'LoadgenRequest';
export const REQUEST_PLURAL = 'loadgenrequests';

/** Defaults, which the API server fills in. */
const DEFAULTS = {
  port: 8080,
  targetQps: 4,
  durationSeconds: 60,
  maxOutstanding: 10,
  replicaHeader: 'x-served-by',
  ttlSecondsAfterFinished: 3600,
} as const;

export const RequestSpec = Type.Object(
  {
    serviceName: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
      description: 'Service that gets the load, in the namespace of the request',
    }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, default: DEFAULTS.port, description: 'Port of the Service' }),
    ),
    path: Type.Optional(
      Type.String({
        maxLength: 2048,
        pattern: '^/[!-~]*$',
        description: 'Path, with its query, that every request GETs. Absent, and without a mix: /',
      }),
    ),
    mix: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        description: 'Name of a mix that comes with the load generator, instead of one path',
      }),
    ),
    targetQps: Type.Optional(
      Type.Integer({ minimum: 1, default: DEFAULTS.targetQps, description: 'Requests per second; at most 100' }),
    ),
    durationSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        default: DEFAULTS.durationSeconds,
        description: 'For how long requests fall due, s; at most 300',
      }),
    ),
    maxOutstanding: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: DEFAULTS.maxOutstanding,
        description: 'Requests that may be without an answer at once. What falls due beyond it is dropped, and failed',
      }),
    ),
    replicaHeader: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: '^[A-Za-z0-9-]+$',
        default: DEFAULTS.replicaHeader,
        description: 'Response header that names the replica',
      }),
    ),
    ttlSecondsAfterFinished: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        default: DEFAULTS.ttlSecondsAfterFinished,
        description: 'How long after its end the request is deleted, and its result with it, s',
      }),
    ),
  },
  { additionalProperties: false, description: 'The load; it cannot be changed' },
);
export type RequestSpec = Static<typeof RequestSpec>;

/** A spec with its defaults. */
export type FullRequestSpec = Required<Omit<RequestSpec, 'path' | 'mix'>> & Pick<RequestSpec, 'path' | 'mix'>;

export function withRequestDefaults(spec: RequestSpec): FullRequestSpec {
  return { ...DEFAULTS, ...spec };
}

/** CEL rules by which the API server refuses a request, besides the ranges above. */
export const REQUEST_RULES = [
  {
    field: 'targetQps',
    cel: 'self.targetQps <= 100',
    message: 'at most 100 requests per second may be asked for: for more, run the load generator from a command line',
  },
  {
    field: 'durationSeconds',
    cel: 'self.durationSeconds <= 300',
    message: 'a load may last 300 s at most: for longer, ask for several, which run one after the other',
  },
  {
    field: 'mix',
    cel: '!has(self.mix) || !has(self.path)',
    message: 'a mix brings its own paths: leave out either path or mix',
  },
  {
    cel: 'self == oldSelf',
    message: 'a load is run once, as it was asked for: delete this request and create another one',
  },
] as const;

/** The object as the API server returns it. */
export const LoadgenRequest = Type.Object({
  apiVersion: Type.Literal(LOADGEN_API_VERSION),
  kind: Type.Literal(REQUEST_KIND),
  metadata: Type.Object({
    name: Type.String({ minLength: 1 }),
    namespace: Type.String({ minLength: 1 }),
    uid: Type.String({ minLength: 1 }),
    generation: Type.Integer(),
    creationTimestamp: Type.String(),
    deletionTimestamp: Type.Optional(Type.String()),
  }),
  spec: RequestSpec,
  status: Type.Optional(RequestStatus),
});
export type LoadgenRequest = Static<typeof LoadgenRequest>;
