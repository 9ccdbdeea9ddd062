/** Finds in a decision what explains one replica. */
import type { Decision } from './contract/decision.ts';
import type { Explanation } from './contract/explanation.ts';
import { failure, type Result, success } from './contract/result.ts';
import { reasons } from './dashboard/words.js';

export interface ReplicaName {
  readonly namespace: string;
  readonly name: string;
  readonly replica: string;
}

/** @param name of the service */
export function explainReplica(decision: Decision, { namespace, name, replica }: ReplicaName): Result<Explanation> {
  const found = decision.services.find((service) => service.namespace === namespace && service.name === name);
  if (!found) return failure('UNKNOWN_SERVICE', `name: ${namespace}/${name} is not balanced`);
  const { replicas, ...service } = found;
  const decided = replicas.find((candidate) => candidate.name === replica);
  if (!decided) return failure('UNKNOWN_REPLICA', `replica: ${namespace}/${name} has no replica ${replica}`);
  const node = decision.nodes.find((candidate) => candidate.name === decided.node);
  const { tick, at, certificate } = decision;
  return success({
    tick,
    at,
    certificate,
    service,
    replica: decided,
    ...(node && { node }),
    reasons: reasons(decided),
  });
}
