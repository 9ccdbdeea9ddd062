/** `LoadBalancingPolicy` (ballast.dev/v1alpha1): which service Ballast balances, and how. */
import { Type, type Static } from 'typebox';
import { CpuControl } from './assignment.ts';

export const POLICY_GROUP = 'ballast.dev';
export const POLICY_VERSION = 'v1alpha1';
export const POLICY_API_VERSION = `${POLICY_GROUP}/${POLICY_VERSION}`;
export const POLICY_KIND = 'LoadBalancingPolicy';
export const POLICY_PLURAL = 'loadbalancingpolicies';

/** Values of absent fields. The API server fills them in; where a policy comes from a file, `withPolicyDefaults` does. */
export const POLICY_DEFAULTS = {
  mode: 'Enforce',
  routing: 'Endpoint',
  objective: 'delay',
  shareWeight: 1,
  cpuControl: 'NONE',
  pinning: 'Denied',
} as const;

/** Bounds on the weights of a service whose policy sets none. */
export const LIMIT_DEFAULTS = { minWeight: 0.002, warmUpSeconds: 10 } as const;

const TargetRef = Type.Object(
  {
    kind: Type.Union(
      [
        Type.Literal('StatefulSet', {
          description: 'The Service with an address that selects its pods, else the one in its `spec.serviceName`',
        }),
        Type.Literal('Deployment', { description: 'The Service with an address that selects its pods' }),
        Type.Literal('Service', { description: 'The Service itself, whatever its pods belong to' }),
      ],
      { description: 'Kind of the object, which says how its Service is found' },
    ),
    name: Type.String({
      minLength: 1,
      maxLength: 253,
      description: 'Name of the object, in the namespace of the policy',
    }),
  },
  { additionalProperties: false, description: 'What is balanced' },
);

export const PolicyLimits = Type.Object(
  {
    minWeight: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'No replica gets less than this part of the equal weight, unless it is warming up or degraded. ' +
          `1 keeps all weights equal. Absent: ${LIMIT_DEFAULTS.minWeight}, so that each goes on being seen`,
      }),
    ),
    maxWeight: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 1000,
        description: 'No replica gets more than this multiple of the equal weight. Absent: no limit',
      }),
    ),
    maxStepPerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1000,
        description:
          'By how much of the equal weight the weight of a replica may change within a second. ' +
          'Absent: as fast as is stable, half of the way or more in each tick',
      }),
    ),
    warmUpSeconds: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 3600,
        description: `For how long the weight of a new replica rises to what it would get. Absent: ${LIMIT_DEFAULTS.warmUpSeconds}`,
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Bounds on the weights. The equal weight is 1 over the number of ready replicas',
  },
);
export type PolicyLimits = Static<typeof PolicyLimits>;

export const PolicySpec = Type.Object(
  {
    targetRef: TargetRef,
    mode: Type.Optional(
      Type.Union(
        [
          Type.Literal('Enforce', { description: 'Decides and publishes' }),
          Type.Literal('Observe', { description: 'Decides only: what would be done is seen, and nothing is changed' }),
          Type.Literal('Off', {
            description: 'Does neither, and what was written for it is removed. YAML takes Off for false: write "Off"',
          }),
        ],
        { default: POLICY_DEFAULTS.mode, description: 'What Ballast does; it may be changed at any time' },
      ),
    ),
    routing: Type.Optional(
      Type.Union(
        [
          Type.Literal('Endpoint', { description: "Envoy's session header, by a label on the Service" }),
          Type.Literal('Subset', { description: 'A VirtualService and a DestinationRule with one subset per replica' }),
        ],
        { default: POLICY_DEFAULTS.routing, description: 'How a request is led to the replica that was chosen for it' },
      ),
    ),
    objective: Type.Optional(
      Type.Union(
        [
          Type.Literal('delay', { description: 'The least expected delay' }),
          Type.Literal('level', { description: 'Nodes as evenly used as can be' }),
        ],
        { default: POLICY_DEFAULTS.objective, description: 'What weights are chosen for' },
      ),
    ),
    shareWeight: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1000,
        default: POLICY_DEFAULTS.shareWeight,
        description: 'Weight of the service in the fair share of CPU where nodes cannot carry everything',
      }),
    ),
    cpuControl: Type.Optional(
      Type.Union([Type.Literal('NONE', { description: 'They are left alone' }), ...CpuControl.anyOf], {
        default: POLICY_DEFAULTS.cpuControl,
        description:
          "What is set of the replicas' CPU on their nodes. The agents must run with write access to cgroups",
      }),
    ),
    pinning: Type.Optional(
      Type.Union(
        [
          Type.Literal('Denied', { description: 'What a request says of the replica that it wants is removed' }),
          Type.Literal('Allowed', { description: '`x-lb-endpt` in a request counts if it names a listed replica' }),
        ],
        { default: POLICY_DEFAULTS.pinning, description: 'Whether a client may name the replica itself' },
      ),
    ),
    limits: Type.Optional(PolicyLimits),
  },
  { additionalProperties: false, description: 'What is balanced, and how' },
);
export type PolicySpec = Static<typeof PolicySpec>;

/** A spec with its defaults filled in. */
export type FullPolicySpec = Required<Omit<PolicySpec, 'limits'>> & Pick<PolicySpec, 'limits'>;

export function withPolicyDefaults(spec: PolicySpec): FullPolicySpec {
  return { ...POLICY_DEFAULTS, ...spec };
}

const KubernetesName = Type.String({ minLength: 1, maxLength: 253 });

export const LoadBalancingPolicy = Type.Object(
  {
    apiVersion: Type.Literal(POLICY_API_VERSION),
    kind: Type.Literal(POLICY_KIND),
    metadata: Type.Object({
      name: KubernetesName,
      namespace: Type.Optional(KubernetesName),
      creationTimestamp: Type.Optional(Type.String()),
    }),
    spec: PolicySpec,
    /** `PolicyStatus` if a controller of this version wrote it; any version may have. */
    status: Type.Optional(Type.Unknown()),
  },
  { $id: 'LoadBalancingPolicy' },
);
export type LoadBalancingPolicy = Static<typeof LoadBalancingPolicy>;
