/**
 * What a host agent tells the controller, four times a second. Every amount is a counter since some start, never a
 * rate: a lost report costs resolution, not truth.
 */
import { Type, type Static } from 'typebox';
import { LATENCY_BUCKETS } from './latency-buckets.ts';

const Counter = Type.Number({ minimum: 0, description: 'Counter: never falls while the instance lives' });
const Count = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: 253 });

/** CPU of a whole node, in core-seconds since the agent's source began to count. */
export const NodeCpu = Type.Object(
  {
    cores: Type.Number({ exclusiveMinimum: 0, description: 'Cores that the node can use: count, or its CPU quota' }),
    busySeconds: Counter,
    stealSeconds: Counter,
  },
  { additionalProperties: false },
);
export type NodeCpu = Static<typeof NodeCpu>;

/** CPU of one replica (the whole pod, its sidecar included). */
export const ReplicaCpu = Type.Object(
  {
    uid: Name,
    cpuSeconds: Counter,
    throttledSeconds: Counter,
    pressureSeconds: Type.Optional(
      Type.Number({
        minimum: 0,
        deprecated: true,
        description: "Ignored. Agents of version 0.1 send PSI, which counts a pod's own throttling as waiting",
      }),
    ),
    limitCores: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: "The replica's own CPU quota, if any: never one set by Ballast",
      }),
    ),
    grantedCores: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'CPU quota that Ballast has set in place of its own' }),
    ),
  },
  { additionalProperties: false },
);
export type ReplicaCpu = Static<typeof ReplicaCpu>;

/** What the replica's own sidecar saw come in: the truth on requests served and in flight. */
export const ServedCounters = Type.Object(
  {
    requests: Type.Integer({ minimum: 0, description: 'Requests answered' }),
    failures: Type.Integer({ minimum: 0, description: 'Answered with 5xx, or not at all' }),
    inFlight: Count,
    inFlightSeconds: Type.Number({
      minimum: 0,
      description: 'Time integral of the requests in flight; of each, no more than a second after its answer began',
    }),
    latencyBuckets: Type.Array(Count, { minItems: LATENCY_BUCKETS, maxItems: LATENCY_BUCKETS }),
  },
  { additionalProperties: false },
);
export type ServedCounters = Static<typeof ServedCounters>;

/** What one caller's proxy saw of one replica of a service. */
export const CalledCounters = Type.Object(
  {
    service: Type.String({ minLength: 3, description: 'Proxy key: `<port>|<host>`' }),
    replica: Name,
    requests: Count,
    failures: Count,
    unreached: Type.Integer({ minimum: 0, description: 'Failures that the application never saw' }),
    ejected: Type.Boolean({ description: 'The caller leaves this replica out just now' }),
    inFlight: Count,
    inFlightSeconds: Type.Number({ minimum: 0 }),
    latencyBuckets: Type.Array(Count, { minItems: LATENCY_BUCKETS, maxItems: LATENCY_BUCKETS }),
  },
  { additionalProperties: false },
);
export type CalledCounters = Static<typeof CalledCounters>;

/** Statistics of one VM of the plugin (an Envoy has one per worker). Counters since that VM started. */
export const ProxyCounters = Type.Object(
  {
    namespace: Name,
    pod: Name,
    instance: Type.String({ minLength: 1, description: 'Random per VM: new instance, new counters' }),
    sequence: Count,
    tableVersion: Type.Integer({
      minimum: 0,
      description:
        "Version of the table in use; 0: none. A proxy names its agent's number, a report the controller's for the same",
    }),
    fallbacks: Type.Integer({ minimum: 0, description: 'Requests left to Istio for want of a fresh table or replica' }),
    served: Type.Optional(ServedCounters),
    called: Type.Array(CalledCounters),
  },
  { additionalProperties: false },
);
export type ProxyCounters = Static<typeof ProxyCounters>;

export const AgentReport = Type.Object(
  {
    node: Name,
    instance: Type.String({ minLength: 1, description: 'Random per agent process' }),
    sequence: Count,
    monotonicMs: Type.Number({ minimum: 0, description: "The agent's monotonic clock when it sampled" }),
    cpu: NodeCpu,
    replicas: Type.Array(ReplicaCpu, { maxItems: 1000 }),
    proxies: Type.Array(ProxyCounters, {
      maxItems: 4000,
      description: 'The newest statistics of each proxy VM that posted since the last report',
    }),
  },
  { additionalProperties: false, $id: 'AgentReport' },
);
export type AgentReport = Static<typeof AgentReport>;
