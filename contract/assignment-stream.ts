/**
 * Assignments from the controller to one agent: the agent posts which services its node wants (`POST
 * /agent/v2/assignments`), and the controller answers with newline-delimited JSON of those services alone. The stream that
 * carries everything, of the version before, is in assignment.ts.
 */
import { Type, type Static } from 'typebox';
import { PodCpuGrant, Routing, ServiceKey } from './assignment.ts';

const Version = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: 253 });

/** Services of one node: hundreds of pods that each want a few, many of them the same. */
const MAX_NODE_SERVICES = 20_000;

/** The body of the request. The agent opens another stream when its node wants other services. */
export const Subscription = Type.Object(
  {
    node: Name,
    instance: Type.String({ minLength: 1, maxLength: 253, description: 'Random per agent process' }),
    epoch: Type.Integer({ minimum: 0, description: 'Epoch of the versions below; 0: nothing is held' }),
    all: Type.Optional(Type.Literal(true, { description: 'All services, for proxies that do not say what they want' })),
    services: Type.Array(Type.Tuple([ServiceKey, Version]), {
      maxItems: MAX_NODE_SERVICES,
      description: 'Wanted services, each with the version held; 0: none',
    }),
  },
  { additionalProperties: false, $id: 'AssignmentSubscription' },
);
export type Subscription = Static<typeof Subscription>;

/** See weights-codec.ts. */
const Weights = Type.String({
  description: 'base64 of little-endian float16: the weight of each replica times the number of replicas',
});

/** A service whose replicas, routing or pinning changed, or that the agent did not hold. */
const ServiceRows = Type.Object(
  {
    id: Type.Integer({ minimum: 0, description: 'Stands for the key on later lines of the same epoch' }),
    key: ServiceKey,
    version: Version,
    routing: Routing,
    pinning: Type.Boolean({ description: 'A client may name a listed replica itself' }),
    replicas: Type.Array(Type.Tuple([Name, Type.String({ minLength: 3, maxLength: 64 })]), {
      description: 'Pod name, and `ip:port` of the endpoint behind this service port',
    }),
    weights: Weights,
  },
  { additionalProperties: false },
);
export type ServiceRows = Static<typeof ServiceRows>;

/** One line. A line with `version` and `validForMs` alone is a heartbeat: what the agent holds is good for that long again. */
export const AssignmentLine = Type.Object(
  {
    version: Type.Integer({ minimum: 1, description: 'Rises with each line that changes something' }),
    validForMs: Type.Integer({ minimum: 1 }),
    epoch: Type.Optional(
      Type.Integer({ minimum: 1, description: 'On the first line: ids and versions count within this epoch only' }),
    ),
    partial: Type.Optional(
      Type.Literal(true, {
        description: 'The leader has not learnt everything yet: what it does not name stays as the agent holds it',
      }),
    ),
    services: Type.Optional(Type.Array(ServiceRows)),
    weights: Type.Optional(
      Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Weights]), {
        description: 'By id: the same replicas in the same order, with other weights',
      }),
    ),
    unbalanced: Type.Optional(
      Type.Array(ServiceKey, { description: 'Wanted services that nobody balances, or no longer' }),
    ),
    cpu: Type.Optional(
      Type.Array(PodCpuGrant, { maxItems: 1000, description: "All grants for the node's pods. Absent: as they were" }),
    ),
    utilisation: Type.Optional(
      Type.Array(Type.Tuple([Type.String({ minLength: 3 }), Type.Number({ minimum: 0, maximum: 1e6 })]), {
        description: "CPU utilisation of the node's pods, by `<namespace>/<pod>`: all of them. Absent: as it was",
      }),
    ),
    detail: Type.Optional(
      Type.Array(ServiceKey, {
        description: 'All services whose called replicas are to be reported one by one. Absent: as it was',
      }),
    ),
  },
  { additionalProperties: false, $id: 'AssignmentLine' },
);
export type AssignmentLine = Static<typeof AssignmentLine>;
