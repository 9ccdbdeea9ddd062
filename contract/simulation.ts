/** A simulation: what the decision would be after some changes. */
import { Type, type Static } from 'typebox';
import { Decision, NodeDecision, ServiceDecision } from './decision.ts';

const Name = Type.String({ minLength: 1, maxLength: 253 });
const Service = Type.String({ pattern: '^[^/]+/[^/]+$', maxLength: 507, description: '`<namespace>/<service>`' });

export const SimulatedChange = Type.Union([
  Type.Object(
    { kind: Type.Literal('moveReplica'), service: Service, replica: Name, node: Name },
    { additionalProperties: false, description: 'The replica runs on another node, at its present CPU per request' },
  ),
  Type.Object(
    { kind: Type.Literal('drainNode'), node: Name },
    {
      additionalProperties: false,
      description: 'The replicas on the node are gone, except those that an earlier change moved away',
    },
  ),
  Type.Object(
    {
      kind: Type.Literal('scaleDemand'),
      service: Type.Optional(Service),
      factor: Type.Number({ minimum: 0, maximum: 1000 }),
    },
    {
      additionalProperties: false,
      description: 'The service, or every service if none is named, gets this many times its requests',
    },
  ),
]);
export type SimulatedChange = Static<typeof SimulatedChange>;

export const SimulationRequest = Type.Object(
  {
    changes: Type.Array(SimulatedChange, {
      minItems: 1,
      maxItems: 100,
      description: 'Applied in order, before one decision',
    }),
  },
  { additionalProperties: false, title: 'SimulationRequest' },
);

/** A value at which the loop would settle without the changes, and with them. */
const beforeAfter = (description: string) =>
  Type.Object(
    { before: Type.Number({ minimum: 0 }), after: Type.Number({ minimum: 0 }) },
    { additionalProperties: false, description },
  );

export const Simulation = Type.Object(
  {
    ...Type.Pick(Decision, ['tick', 'at', 'optimalityGap']).properties,
    nodes: Type.Array(
      Type.Object({
        ...Type.Pick(NodeDecision, ['name', 'cores']).properties,
        utilisation: beforeAfter('Offered load over capacity; above 1 the node cannot carry it'),
      }),
    ),
    services: Type.Array(
      Type.Object({
        ...Type.Pick(ServiceDecision, ['namespace', 'name']).properties,
        requestsPerSecond: beforeAfter('Demand'),
        demandCores: beforeAfter('CPU that the requests need'),
        servedCores: beforeAfter('Part of it that the nodes can carry'),
        delaySeconds: beforeAfter('Mean time of a request at its replica: CPU, waiting for CPU, and non-CPU latency'),
        replicas: Type.Array(
          Type.Object({
            name: Type.String(),
            node: Type.String(),
            weight: beforeAfter("Fraction of the service's requests"),
          }),
        ),
      }),
    ),
    warnings: Type.Array(Type.String(), { description: 'What the values above do not show' }),
  },
  { additionalProperties: false, title: 'Simulation' },
);
export type Simulation = Static<typeof Simulation>;
