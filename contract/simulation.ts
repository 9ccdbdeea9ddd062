/** What would be decided if things were otherwise: asked by people before they change them. */
import { Type, type Static } from 'typebox';
import { Decision, NodeDecision, ServiceDecision } from './decision.ts';

const Name = Type.String({ minLength: 1, maxLength: 253 });
const Service = Type.String({ pattern: '^[^/]+/[^/]+$', maxLength: 507, description: '`<namespace>/<service>`' });

export const SimulatedChange = Type.Union([
  Type.Object(
    { kind: Type.Literal('moveReplica'), service: Service, replica: Name, node: Name },
    { additionalProperties: false, description: 'The replica runs on another node, and costs there what it costs now' },
  ),
  Type.Object(
    { kind: Type.Literal('drainNode'), node: Name },
    {
      additionalProperties: false,
      description: 'The replicas on the node are gone, but for those that an earlier change moved away from it',
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
      description: 'The service, or each service if none is named, gets so many times the requests',
    },
  ),
]);
export type SimulatedChange = Static<typeof SimulatedChange>;

export const SimulationRequest = Type.Object(
  {
    changes: Type.Array(SimulatedChange, {
      minItems: 1,
      maxItems: 100,
      description: 'Made one after the other, and decided upon together',
    }),
  },
  { additionalProperties: false, title: 'SimulationRequest' },
);

/** A figure as it would settle without the changes, and with them. */
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
        utilisation: beforeAfter('Offered load over capacity: above 1 there is more than the node can carry'),
      }),
    ),
    services: Type.Array(
      Type.Object({
        ...Type.Pick(ServiceDecision, ['namespace', 'name']).properties,
        requestsPerSecond: beforeAfter('Demand'),
        demandCores: beforeAfter('CPU that the demand asks for'),
        servedCores: beforeAfter('Part of it that the nodes can carry'),
        delaySeconds: beforeAfter(
          'Mean time of a request at its replica: service, waiting for CPU, and what is hidden',
        ),
        replicas: Type.Array(
          Type.Object({
            name: Type.String(),
            node: Type.String(),
            weight: beforeAfter("Share of the service's requests"),
          }),
        ),
      }),
    ),
    warnings: Type.Array(Type.String(), { description: 'What the figures above do not say' }),
  },
  { additionalProperties: false, title: 'Simulation' },
);
export type Simulation = Static<typeof Simulation>;
