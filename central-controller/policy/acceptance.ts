/** Can a policy be balanced as it stands? Pure. */
import type { PolicyReason } from '../../contract/policy-status.ts';
import { POLICY_KIND } from '../../contract/policy.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { RoutingProblem } from '../routing/desired-routing.ts';

export interface Finding {
  readonly isSo: boolean;
  readonly reason: PolicyReason;
  readonly message: string;
}

/** The finding `Accepted`, from what was found of one policy. */
export function acceptance(problems: readonly ObjectProblem[], routing: RoutingProblem | undefined): Finding {
  // A pod on a node that is not known has no reason: it is left out, and the rest of its service is balanced.
  for (const { reason, kind, name, text } of problems) {
    if (reason === undefined) continue;
    return { isSo: false, reason, message: kind === POLICY_KIND ? text : `${kind} ${name}: ${text}` };
  }
  if (routing?.reason === 'UnstableNames') return { isSo: false, reason: routing.reason, message: routing.message };
  return { isSo: true, reason: 'Accepted', message: 'The target was found and can be balanced' };
}
