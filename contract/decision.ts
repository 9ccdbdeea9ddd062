/** A decision: what REST, command line, log and page show. */
import { Type, type Static } from 'typebox';
import { CpuGrant } from './assignment.ts';

const Ratio = Type.Number({ minimum: 0, maximum: 1 });

/** A replica is in exactly one state. */
export const ReplicaState = Type.Union([
  Type.Literal('Learning', { description: 'Too little is known of the service: all replicas get the equal share' }),
  Type.Literal('WarmingUp', { description: 'New: its weight rises to its target' }),
  Type.Literal('Active'),
  Type.Literal('Degraded', { description: 'Fails, or is slower than its CPU explains: it gets little' }),
  Type.Literal('Stale', { description: 'Silent: its weight returns to the equal share' }),
  Type.Literal('NotReady', { description: 'Not ready in Kubernetes: gets nothing' }),
]);
export type ReplicaState = Static<typeof ReplicaState>;

/** What bounded or changed a weight. */
export const Limit = Type.Union([
  Type.Literal('floor', { description: 'The least that every ready replica gets' }),
  Type.Literal('policyLimit', { description: "`minWeight` or `maxWeight` among the policy's limits" }),
  Type.Literal('replicaLimit', { description: "The container's own CPU limit" }),
  Type.Literal('nodeSaturated'),
  Type.Literal('failures'),
  Type.Literal('slow', { description: 'Latency beyond what its CPU explains' }),
  Type.Literal('shrunk', { description: 'Drawn toward the equal share: the estimate is uncertain' }),
  Type.Literal('damped', { description: 'It goes to its target in steps' }),
  Type.Literal('deadBand', { description: 'The change would be too small to be worth making' }),
  Type.Literal('manual', { description: 'Set by hand until it expires' }),
  Type.Literal('paused', { description: 'Held as it was when balancing was paused' }),
]);
export type Limit = Static<typeof Limit>;

export const ReplicaDecision = Type.Object(
  {
    name: Type.String(),
    node: Type.String(),
    state: ReplicaState,
    weight: Type.Number({ minimum: 0, maximum: 1, description: 'In force from this decision on' }),
    target: Type.Number({ minimum: 0, maximum: 1, description: 'The weight that it is going to' }),
    previous: Ratio,
    limits: Type.Array(Limit),
    cpuPerRequestSeconds: Type.Number({ minimum: 0 }),
    cpuPerRequestDeviation: Type.Number({ minimum: 0, description: 'Standard error of it, seconds' }),
    requestsPerSecond: Type.Number({ minimum: 0 }),
    cpuCores: Type.Number({ minimum: 0 }),
    capacityCores: Type.Number({ minimum: 0, description: 'Cores that this replica could use of its node' }),
    inFlight: Type.Number({ minimum: 0 }),
    meanInFlight: Type.Number({ minimum: 0 }),
    meanLatencySeconds: Type.Number({ minimum: 0 }),
    failureRatio: Ratio,
    nonCpuSeconds: Type.Number({ minimum: 0, description: 'Latency that neither CPU nor waiting for CPU explains' }),
    cpuGrant: Type.Optional(CpuGrant),
  },
  { additionalProperties: false },
);
export type ReplicaDecision = Static<typeof ReplicaDecision>;

/** Why, and for how long, weights are held. */
export const Paused = Type.Object(
  {
    since: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
    expiresAt: Type.Optional(
      Type.Number({ description: "Controller's wall clock, ms since 1970; absent from controllers of version 0.1" }),
    ),
    reason: Type.Optional(Type.String({ description: 'As the person gave it who paused it' })),
  },
  { additionalProperties: false },
);

export const ServiceDecision = Type.Object(
  {
    namespace: Type.String(),
    name: Type.String(),
    mode: Type.Union([Type.Literal('Observe'), Type.Literal('Enforce'), Type.Literal('Off')]),
    paused: Type.Optional(Paused),
    demandCores: Type.Number({ minimum: 0 }),
    servedCores: Type.Number({
      minimum: 0,
      description: 'The part of the demand that the nodes can carry, fairly shared',
    }),
    fairShareCores: Type.Number({ minimum: 0 }),
    requestsPerSecond: Type.Number({ minimum: 0 }),
    replicas: Type.Array(ReplicaDecision),
  },
  { additionalProperties: false },
);
export type ServiceDecision = Static<typeof ServiceDecision>;

export const NodeDecision = Type.Object(
  {
    name: Type.String(),
    cores: Type.Number({ minimum: 0 }),
    busyCores: Type.Number({ minimum: 0 }),
    backgroundCores: Type.Number({
      minimum: 0,
      description: 'Busy cores that no weight moves: neighbours, system, replicas that are not balanced',
    }),
    stealCores: Type.Number({ minimum: 0 }),
    predictedUtilisation: Type.Number({ minimum: 0, description: 'If the target weights were in force' }),
    stale: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type NodeDecision = Static<typeof NodeDecision>;

export const Decision = Type.Object(
  {
    tick: Type.Integer({ minimum: 0 }),
    at: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
    optimalityGap: Type.Number({ minimum: 0, description: 'Largest relative violation of the optimality conditions' }),
    changed: Type.Boolean({ description: 'Some weight moved' }),
    nodes: Type.Array(NodeDecision),
    services: Type.Array(ServiceDecision),
  },
  { additionalProperties: false, $id: 'Decision' },
);
export type Decision = Static<typeof Decision>;
