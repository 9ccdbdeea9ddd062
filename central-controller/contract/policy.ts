/** `LoadBalancingPolicy` (ballast.dev/v1alpha1): which service is balanced, and how. */
import { Type, type Static } from 'typebox';
import { CpuControl, Routing } from './assignment.ts';

const POLICY_API_VERSION = 'ballast.dev/v1alpha1';
export const POLICY_KIND = 'LoadBalancingPolicy';

const KubernetesName = Type.String({ minLength: 1, maxLength: 253 });

const PolicySpec = Type.Object(
  {
    targetRef: Type.Object(
      {
        kind: Type.Union([Type.Literal('StatefulSet'), Type.Literal('Service')]),
        name: KubernetesName,
      },
      { additionalProperties: false, description: 'What is balanced, in the namespace of the policy' },
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal('Observe'), Type.Literal('Enforce'), Type.Literal('Off')], {
        description: 'Observe decides only, Enforce decides and publishes (default), Off does neither',
      }),
    ),
    routing: Type.Optional(Routing),
    objective: Type.Optional(
      Type.Union([Type.Literal('delay'), Type.Literal('level')], {
        description: 'Least expected delay (default), or nodes as level as can be',
      }),
    ),
    shareWeight: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1000, description: 'Weight in the fair share of CPU; default 1' }),
    ),
    cpuControl: Type.Optional(
      Type.Union([Type.Literal('NONE'), ...CpuControl.anyOf], {
        description: "Set the replicas' CPU shares, quotas or both on their nodes? Default NONE",
      }),
    ),
    pinning: Type.Optional(
      Type.Union([Type.Literal('Denied'), Type.Literal('Allowed')], {
        description: 'May a client name a replica itself? Default Denied',
      }),
    ),
  },
  { additionalProperties: false },
);

export const LoadBalancingPolicy = Type.Object(
  {
    apiVersion: Type.Literal(POLICY_API_VERSION),
    kind: Type.Literal(POLICY_KIND),
    metadata: Type.Object({ name: KubernetesName, namespace: Type.Optional(KubernetesName) }),
    spec: PolicySpec,
    status: Type.Optional(Type.Unknown()),
  },
  { $id: 'LoadBalancingPolicy' },
);
export type LoadBalancingPolicy = Static<typeof LoadBalancingPolicy>;
