/** What the controller tells agents: which replica gets how much, and how busy its CPU is. */
import { Type, type Static } from 'typebox';

export const Routing = Type.Union([Type.Literal('Subset'), Type.Literal('Endpoint')]);
export type Routing = Static<typeof Routing>;

export const ServiceKey = Type.String({ minLength: 3, maxLength: 512, description: 'Proxy key: `<port>|<host>`' });

export const ReplicaAssignment = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 253, description: 'Pod name' }),
    address: Type.String({
      minLength: 3,
      maxLength: 64,
      description: '`ip:port` of the endpoint behind this service port',
    }),
    weight: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the requests; a service sums to 1' }),
    cpuUtilisation: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1e6, description: 'CPU in use over what the replica could have of its node' }),
    ),
  },
  { additionalProperties: false },
);
export type ReplicaAssignment = Static<typeof ReplicaAssignment>;

export const ServiceAssignment = Type.Object(
  {
    key: ServiceKey,
    routing: Routing,
    pinning: Type.Boolean({ description: 'A client may name a listed replica itself' }),
    replicas: Type.Array(ReplicaAssignment),
  },
  { additionalProperties: false },
);
export type ServiceAssignment = Static<typeof ServiceAssignment>;

/** What is set of the CPU of a service's replicas, by the fair shares that requests are balanced by. */
export const CpuControl = Type.Union([
  Type.Literal('CPU_SHARE', { description: 'Who goes first when the CPU is short' }),
  Type.Literal('CPU_QUOTA', { description: 'How much a replica may use at most' }),
  Type.Literal('BOTH'),
]);
export type CpuControl = Static<typeof CpuControl>;

/** CPU settings of a replica; what is absent stays, or becomes again, what it was before Ballast. */
export const CpuGrant = Type.Object(
  {
    shares: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 262_144, description: 'cgroup v1 `cpu.shares`; 1024 stand for one core' }),
    ),
    quotaCores: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1e6, description: 'Cores that it may use at most' }),
    ),
  },
  { additionalProperties: false },
);
export type CpuGrant = Static<typeof CpuGrant>;

/** The grant of one pod on the agent's own node. */
export const PodCpuGrant = Type.Object(
  { uid: Type.String({ minLength: 1, maxLength: 253 }), ...CpuGrant.properties },
  { additionalProperties: false },
);
export type PodCpuGrant = Static<typeof PodCpuGrant>;

/** How long agents and proxies may use what they hold without a line from the controller, ms. */
export const VALID_FOR_MS = 10_000;

/**
 * One line of the stream `GET /agent/v1/assignments` (newline-delimited JSON). The first is `full: true` (or `partial`);
 * later ones hold the services that changed and the keys of those that are gone. A line with neither is a heartbeat that renews
 * `validForMs`: an agent, and every proxy behind it, may use what it holds for that long and no longer.
 */
export const AssignmentUpdate = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    full: Type.Boolean(),
    partial: Type.Optional(
      Type.Literal(true, {
        description: 'The controller has not learnt everything yet: what it does not name stays as an earlier one said',
      }),
    ),
    validForMs: Type.Integer({ minimum: 1 }),
    services: Type.Array(ServiceAssignment),
    removed: Type.Array(Type.String()),
    cpu: Type.Optional(
      Type.Array(PodCpuGrant, {
        maxItems: 1000,
        description: "All grants for the receiving node's pods. Absent: as they were, or none on a full line",
      }),
    ),
  },
  { additionalProperties: false, $id: 'AssignmentUpdate' },
);
export type AssignmentUpdate = Static<typeof AssignmentUpdate>;
