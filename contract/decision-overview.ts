/** A decision without its replicas: services and nodes with sums over them, for pages that show a large fleet. */
import { Type, type Static } from 'typebox';
import { Decision, NodeDecision, ServiceDecision } from './decision.ts';

const Weight = Type.Number({ minimum: 0, maximum: 1 });

export const ReplicaSummary = Type.Object(
  {
    replicas: Type.Integer({ minimum: 0 }),
    moving: Type.Integer({ minimum: 0, description: 'Replicas whose weight this decision changed visibly' }),
    lowestWeight: Weight,
    highestWeight: Weight,
    equalShare: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'The weight of each ready replica if all were equal',
    }),
  },
  { additionalProperties: false },
);
export type ReplicaSummary = Static<typeof ReplicaSummary>;

const ServiceOverview = Type.Object(
  { ...ServiceDecision.properties, replicas: Type.Tuple([]), summary: ReplicaSummary },
  { additionalProperties: false },
);

const NodeOverview = Type.Object(
  {
    ...NodeDecision.properties,
    usedBy: Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Type.Number({ minimum: 0 })]), {
      description: 'Services with replicas here: index in `services`, and cores that they use',
    }),
  },
  { additionalProperties: false },
);

export const DecisionOverview = Type.Object(
  { ...Decision.properties, nodes: Type.Array(NodeOverview), services: Type.Array(ServiceOverview) },
  { additionalProperties: false },
);
export type DecisionOverview = Static<typeof DecisionOverview>;
