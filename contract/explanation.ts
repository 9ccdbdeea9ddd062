/** Why a replica has its weight: what one decision holds on it, in numbers and in words. */
import { Type, type Static } from 'typebox';
import { Decision, NodeDecision, ReplicaDecision, ServiceDecision } from './decision.ts';

export const Explanation = Type.Object(
  {
    ...Type.Pick(Decision, ['tick', 'at', 'optimalityGap']).properties,
    service: Type.Omit(ServiceDecision, ['replicas']),
    replica: ReplicaDecision,
    equalShare: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'The weight of each ready replica if all were equal',
    }),
    node: Type.Optional(NodeDecision),
    reasons: Type.Array(Type.String(), { description: 'Sentences, the main one first' }),
  },
  { additionalProperties: false, title: 'Explanation' },
);
export type Explanation = Static<typeof Explanation>;
