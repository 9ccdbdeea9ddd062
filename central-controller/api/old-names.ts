/**
 * Fields of answers that were renamed in 0.2 are sent under their old name as well, for one version. The next version
 * drops this file, and its callers answer with the decision itself.
 */
import { Type, type Static } from 'typebox';
import { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';

const oldName = (name: string) => Type.Number({ minimum: 0, description: `Old name of \`${name}\`` });

/** Fields that a decision, an explanation or a simulation has besides. */
export const OLD_GAP = { certificate: oldName('optimalityGap') };

export const ReplicaAnswer = Type.Object(
  { ...ReplicaDecision.properties, hiddenSeconds: oldName('nonCpuSeconds') },
  { additionalProperties: false },
);

export const ServiceAnswer = Type.Object(
  { ...ServiceDecision.properties, replicas: Type.Array(ReplicaAnswer) },
  { additionalProperties: false },
);

export const DecisionAnswer = Type.Object(
  { ...Decision.properties, ...OLD_GAP, services: Type.Array(ServiceAnswer) },
  { additionalProperties: false },
);

export function withOldGap<T extends { readonly optimalityGap: number }>(answer: T): T & { certificate: number } {
  return { ...answer, certificate: answer.optimalityGap };
}

export function replicaAnswer(replica: ReplicaDecision): Static<typeof ReplicaAnswer> {
  return { ...replica, hiddenSeconds: replica.nonCpuSeconds };
}

export function serviceAnswer(service: ServiceDecision): Static<typeof ServiceAnswer> {
  return { ...service, replicas: service.replicas.map(replicaAnswer) };
}

export function decisionAnswer(decision: Decision): Static<typeof DecisionAnswer> {
  return { ...withOldGap(decision), services: decision.services.map(serviceAnswer) };
}
