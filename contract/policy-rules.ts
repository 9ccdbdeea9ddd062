/**
 * Rules between the fields of a policy, in two forms: CEL for the API server, and a function for manifests in files. A
 * test holds the two equal.
 *
 * No rule joins `mode` with another field: nothing may refuse to switch a policy to Observe or Off.
 */
import { type FullPolicySpec, type PolicySpec, withPolicyDefaults } from './policy.ts';

export interface PolicyRule {
  /** The field to blame, below `spec`. */
  readonly field: 'targetRef.name' | 'routing';
  /** In CEL; `self` is the spec with its defaults. */
  readonly cel: string;
  readonly holds: (spec: FullPolicySpec) => boolean;
  /** What is wrong, and the remedy. */
  readonly message: string;
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `^${LABEL}(\\.${LABEL})*$`;

const subdomain = new RegExp(SUBDOMAIN);

export const POLICY_RULES: readonly PolicyRule[] = [
  {
    field: 'targetRef.name',
    cel: `self.targetRef.name.matches(r'${SUBDOMAIN}')`,
    holds: ({ targetRef }) => subdomain.test(targetRef.name),
    message:
      'is not the name of a Kubernetes object: write it without its namespace, which is that of the policy, ' +
      'in lower-case letters, digits, - and .',
  },
  {
    field: 'targetRef.name',
    cel: "self.targetRef.kind != 'Service' || (self.targetRef.name.size() <= 63 && !self.targetRef.name.contains('.'))",
    holds: ({ targetRef: { kind, name } }) => kind !== 'Service' || (name.length <= 63 && !name.includes('.')),
    message: 'no Service has such a name: write the name of the Service, not its host; at most 63 characters, no dots',
  },
  {
    field: 'routing',
    cel: "self.routing != 'Subset' || self.targetRef.kind != 'Deployment'",
    holds: ({ routing, targetRef }) => routing !== 'Subset' || targetRef.kind !== 'Deployment',
    message:
      'Subset needs replicas with lasting names, which pods of a Deployment have not: use Endpoint, or a StatefulSet',
  },
];

/** The first rule that the spec breaks, as `field: message`; undefined where all hold. */
export function brokenPolicyRule(spec: PolicySpec): string | undefined {
  const full = withPolicyDefaults(spec);
  const broken = POLICY_RULES.find((rule) => !rule.holds(full));
  return broken && `spec.${broken.field}: ${broken.message}`;
}
