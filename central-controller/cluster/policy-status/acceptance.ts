/** Can a policy be balanced as it stands? Pure. */
import type { PolicyReason } from '../../contract/policy-status.ts';
import { POLICY_KIND } from '../../contract/policy.ts';
import type { JoinProblem } from '../join.ts';
import type { RoutingProblem } from '../routing/desired-routing.ts';

export interface Finding {
  readonly isSo: boolean;
  readonly reason: PolicyReason;
  readonly message: string;
}

/** The finding `Accepted`, from what was found of one policy. */
export function acceptance(problems: readonly JoinProblem[], routing: RoutingProblem | undefined): Finding {
  // A pod on a node that is not known is left out; the rest of its service is balanced.
  const problem = problems.find(({ kind }) => kind !== 'Pod');
  if (problem) {
    const where = problem.kind === POLICY_KIND ? '' : `${problem.kind} ${problem.name}: `;
    return { isSo: false, reason: reasonOf(problem), message: `${where}${problem.text}` };
  }
  if (routing?.reason === 'UnstableNames') return { isSo: false, reason: routing.reason, message: routing.message };
  return { isSo: true, reason: 'Accepted', message: 'The target was found and can be balanced' };
}

/** Which reason a problem is; the texts are those of `joinTopology` and `targetService`. */
function reasonOf({ kind, text }: JoinProblem): PolicyReason {
  if (kind !== POLICY_KIND || text.includes('has no spec.selector')) return 'InvalidService';
  if (text.includes('another policy')) return 'Conflict';
  if (text.includes('all select the pods')) return 'AmbiguousService';
  if (text.includes('no Service')) return 'ServiceNotFound';
  return 'TargetNotFound';
}
