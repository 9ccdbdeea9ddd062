/** What the controller tells agents: which replica gets how much, and what is known of each one's load. */
import { Type, type Static } from 'typebox';

export const Routing = Type.Union([Type.Literal('Subset'), Type.Literal('Endpoint')]);
export type Routing = Static<typeof Routing>;

export const ReplicaAssignment = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 253, description: 'Pod name' }),
    address: Type.String({
      minLength: 3,
      maxLength: 64,
      description: '`ip:port` of the endpoint behind this service port',
    }),
    weight: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the requests; a service sums to 1' }),
    meanInFlight: Type.Number({ minimum: 0, maximum: 1e6 }),
    meanLatencySeconds: Type.Number({ minimum: 0, maximum: 1e5, description: '0: not known yet' }),
    inFlight: Type.Number({ minimum: 0, maximum: 1e6, description: 'Last known requests in flight' }),
    inFlightAgeMs: Type.Number({ minimum: 0, description: 'Age of `inFlight` when this message was written' }),
  },
  { additionalProperties: false },
);
export type ReplicaAssignment = Static<typeof ReplicaAssignment>;

export const ServiceAssignment = Type.Object(
  {
    key: Type.String({ minLength: 3, maxLength: 512, description: 'Proxy key: `<port>|<host>`' }),
    routing: Routing,
    pinning: Type.Boolean({ description: 'A client may name a listed replica itself' }),
    replicas: Type.Array(ReplicaAssignment),
  },
  { additionalProperties: false },
);
export type ServiceAssignment = Static<typeof ServiceAssignment>;

/**
 * One line of the stream `GET /agent/v1/assignments` (newline-delimited JSON). The first is `full: true`; later ones
 * hold the services that changed and the keys of those that are gone. A line with neither is a heartbeat that renews
 * `validForMs`: an agent, and every proxy behind it, may use what it holds for that long and no longer.
 */
export const AssignmentUpdate = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    full: Type.Boolean(),
    validForMs: Type.Integer({ minimum: 1 }),
    services: Type.Array(ServiceAssignment),
    removed: Type.Array(Type.String()),
  },
  { additionalProperties: false, $id: 'AssignmentUpdate' },
);
export type AssignmentUpdate = Static<typeof AssignmentUpdate>;
