/**
 * What an agent reports of its node (`POST /agent/v2/reports`, or line by line on `/agent/v2/reports/stream`). The agent
 * adds up what its proxies count: every amount is a counter since the agent started that never falls, and the controller
 * sees neither VMs nor their restarts. Rows hold what changed; an omitted row is as it was. The report of the version
 * before is in report.ts.
 */
import { Type, type Static } from 'typebox';
import { ServiceKey } from './assignment.ts';
import { NodeInventory } from './node-inventory.ts';
import { LATENCY_BUCKETS } from './latency-buckets.ts';

const Name = Type.String({ minLength: 1, maxLength: 253 });
const PodName = Type.String({ minLength: 3, maxLength: 507, description: '`<namespace>/<pod>`' });
const Count = Type.Integer({ minimum: 0 });
const Seconds = Type.Number({ minimum: 0 });
const Cores = Type.Number({ exclusiveMinimum: 0 });
const orNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const MAX_PODS = 1000;
const MAX_ROWS = 100_000;

/** `uid, cpuSeconds, throttledSeconds, pressureSeconds, limitCores, grantedCores`; null: the node does not count it, or none is set. */
const PodCpuRow = Type.Tuple([Name, Seconds, Seconds, orNull(Seconds), orNull(Cores), orNull(Cores)]);
export type PodCpuRow = Static<typeof PodCpuRow>;

/**
 * `pod, atMs, requests, failures, inFlight, inFlightSeconds, firstBucket, counts`: what the pod's proxy saw come in, up to
 * `atMs` of the agent's monotonic clock. `counts` are those of the latency buckets from `firstBucket` on. The row comes each
 * time the pod's window closes, about every two seconds, whether or not there were requests: it shows that the proxy lives.
 */
const ServedRow = Type.Tuple([
  PodName,
  Type.Number({ minimum: 0 }),
  Count,
  Count,
  Count,
  Seconds,
  Type.Integer({ minimum: 0, maximum: LATENCY_BUCKETS - 1 }),
  Type.Array(Count, { maxItems: LATENCY_BUCKETS }),
]);
export type ServedRow = Static<typeof ServedRow>;

/** `service, requests, failures, unreached, answered, latencySeconds`: sums over the proxies of the node. */
const CalledRow = Type.Tuple([ServiceKey, Count, Count, Count, Count, Seconds]);
export type CalledRow = Static<typeof CalledRow>;

/** `service, replica, requests, failures, unreached, answered, latencySeconds`: of services that the controller asks for. */
const CalledReplicaRow = Type.Tuple([ServiceKey, Name, Count, Count, Count, Count, Seconds]);
export type CalledReplicaRow = Static<typeof CalledReplicaRow>;

/** `service, replica, proxies`: how many proxies of the node leave the replica out. */
const EjectedRow = Type.Tuple([ServiceKey, Name, Type.Integer({ minimum: 1 })]);
export type EjectedRow = Static<typeof EjectedRow>;

/** `pod, vms, table, fallbacks`: `table` is 1 while a valid table is in force in all VMs of the proxy. */
const ProxyRow = Type.Tuple([PodName, Count, Type.Union([Type.Literal(0), Type.Literal(1)]), Count]);
export type ProxyRow = Static<typeof ProxyRow>;

export const NodeReport = Type.Object(
  {
    node: Name,
    instance: Type.String({ minLength: 1, maxLength: 253, description: 'Random per agent process' }),
    sequence: Count,
    monotonicMs: Type.Number({ minimum: 0, description: "The agent's monotonic clock when it sampled" }),
    full: Type.Optional(Type.Literal(true, { description: 'Every row is named: what is not is gone' })),
    inventory: Type.Optional(NodeInventory),
    cpu: Type.Tuple([Cores, Seconds, Seconds], {
      description: 'Cores that the node can use, busySeconds and stealSeconds',
    }),
    pods: Type.Optional(Type.Array(PodCpuRow, { maxItems: MAX_PODS })),
    gone: Type.Optional(Type.Array(Name, { maxItems: MAX_PODS, description: 'uids of pods that are no more' })),
    served: Type.Optional(Type.Array(ServedRow, { maxItems: MAX_PODS })),
    called: Type.Optional(Type.Array(CalledRow, { maxItems: MAX_ROWS })),
    calledReplicas: Type.Optional(Type.Array(CalledReplicaRow, { maxItems: MAX_ROWS })),
    ejected: Type.Optional(
      Type.Array(EjectedRow, { maxItems: MAX_ROWS, description: 'All of them, when they changed' }),
    ),
    proxies: Type.Optional(Type.Array(ProxyRow, { maxItems: MAX_PODS })),
    proxiesGone: Type.Optional(Type.Array(PodName, { maxItems: MAX_PODS })),
    held: Type.Integer({ minimum: 0, description: 'Newest version of the assignments that the agent holds; 0: none' }),
    used: Type.Integer({ minimum: 0, description: 'Version that every proxy of the node uses; 0: none' }),
  },
  { additionalProperties: false, $id: 'NodeReport' },
);
export type NodeReport = Static<typeof NodeReport>;
