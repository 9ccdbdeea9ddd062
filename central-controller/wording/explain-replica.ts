/** The explanation of one replica by one decision. */
import type { Decision } from '../../contract/decision.ts';
import type { Explanation } from '../../contract/explanation.ts';
import { type Result, success } from '../../contract/result.ts';
import { equalShare, reasons } from '../dashboard/words.js';
import { findReplica, type ReplicaName } from '../history/find-decided.ts';

export function explainReplica(decision: Decision, path: ReplicaName): Result<Explanation> {
  const found = findReplica(decision, path);
  if (!found.ok) return found;
  const { replica } = found.value;
  const { replicas, ...service } = found.value.service;
  const node = decision.nodes.find((candidate) => candidate.name === replica.node);
  const { tick, at, optimalityGap } = decision;
  return success({
    tick,
    at,
    optimalityGap,
    service,
    replica,
    equalShare: equalShare(replicas),
    ...(node && { node }),
    reasons: reasons(replica),
  });
}
