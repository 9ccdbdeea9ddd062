/** `status` of a LoadBalancingPolicy. The controller writes it through the status subresource. */
import { Type, type Static } from 'typebox';
import { Routing } from './assignment.ts';
import { PolicySpec } from './policy.ts';

interface ConditionText {
  /** What status `True` means. */
  readonly description: string;
  /** What each reason means, and what to do about it. */
  readonly reasons: Readonly<Record<string, string>>;
}

/**
 * The conditions of a policy and their reasons. A status always has all three. `Ready` sums them up: where another is
 * `False`, it repeats that reason and message, so that `kubectl get lbp` shows what to mend first.
 */
export const POLICY_CONDITIONS = {
  Accepted: {
    description: 'The target was found, and it can be balanced as the policy says',
    reasons: {
      Accepted: 'Nothing is wrong with the policy.',
      TargetNotFound: 'There is no such object in the namespace: correct `spec.targetRef`, or create it.',
      ServiceNotFound:
        'The target has no Service of its own: create one that selects its pods, or name the Service in `targetRef`.',
      AmbiguousService: 'Several Services select the pods of the Deployment: name the one that is called instead.',
      InvalidService: 'The Service cannot be balanced: it needs a selector and a TCP port that its pods have.',
      Conflict: 'An older policy balances the same Service, or pods of it: delete one of the two.',
      UnstableNames: 'Subset routing needs pods of a StatefulSet: use Endpoint.',
    },
  },
  Routed: {
    description: 'The mesh leads requests to the replica that is chosen: Istio objects or Service label are in place',
    reasons: {
      Routed: 'What the routing needs is written and unchanged.',
      NotEnforced: 'The mode is not Enforce, so nothing is written, and what was is removed.',
      NotAccepted: 'See the condition Accepted.',
      HostTaken:
        "Somebody else's VirtualService or DestinationRule is for this host: remove it, or use Endpoint routing.",
      SessionLabelTaken:
        'The Service has a session label of its own, which Endpoint routing needs: remove it, or use Subset routing.',
      InProgress: 'It is being written, or proxies are given the time to take it up: nothing to do.',
      IstioNotFound: 'The cluster knows no VirtualService or DestinationRule: install Istio, or use Endpoint routing.',
      WriteFailed: 'The API server refused a write: the message says why.',
    },
  },
  Ready: {
    description: 'Requests are balanced as the policy says (in mode Observe: decisions are made)',
    reasons: {
      Balanced: 'All ready replicas get the weights that are decided.',
      Observing: 'Decisions are made and nothing is changed, as mode Observe asks for.',
      Off: 'The policy is switched off.',
      Idle: 'Learnt before, but too few requests came lately to tell replicas apart: weights are equal meanwhile.',
      Learning: 'Too little is known of the service yet: weights are equal until its replicas have served requests.',
      Unmeasured:
        'Requests come, but what they cost is not known: see that they succeed, and what the agents log of CPU.',
      NoReplicas: 'No pod of the service is ready: look at the pods.',
      AgentsSilent: 'No agent reports from the nodes of the replicas: look at the DaemonSet `ballast-agent`.',
    },
  },
} as const satisfies Record<string, ConditionText>;

export type PolicyConditionType = keyof typeof POLICY_CONDITIONS;

/** `Ready` may have the reason of any condition. */
export type PolicyReason = {
  [T in PolicyConditionType]: keyof (typeof POLICY_CONDITIONS)[T]['reasons'];
}[PolicyConditionType];

const count = (description: string) => Type.Integer({ minimum: 0, description });
const time = (description: string) => Type.String({ format: 'date-time', description });

const PolicyCondition = Type.Object(
  {
    type: Type.Union([Type.Literal('Accepted'), Type.Literal('Routed'), Type.Literal('Ready')], {
      description: 'What the condition is about',
    }),
    status: Type.Union([Type.Literal('True'), Type.Literal('False'), Type.Literal('Unknown')], {
      description: 'Does it hold?',
    }),
    reason: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Z][A-Za-z]*$', description: 'For programs' }),
    message: Type.String({ maxLength: 1024, description: 'For people: what is wrong and what to do' }),
    lastTransitionTime: time('When `status` last changed'),
    observedGeneration: Type.Optional(count('Generation of the policy that it is about')),
  },
  { description: 'One condition of the policy' },
);
export type PolicyCondition = Omit<Static<typeof PolicyCondition>, 'reason'> & { readonly reason: PolicyReason };

export const PolicyStatus = Type.Object(
  {
    observedGeneration: Type.Optional(count('Generation of the policy that this status is about')),
    service: Type.Optional(Type.String({ description: 'Service that the target led to' })),
    replicas: Type.Optional(count('Pods of the service that have a node')),
    readyReplicas: Type.Optional(count('Those that are ready')),
    balancedReplicas: Type.Optional(count('Those with a weight of their own: ready, and known well enough')),
    balanced: Type.Optional(Type.String({ description: '`<balanced>/<ready>` replicas, for people', maxLength: 32 })),
    routing: Type.Optional(Type.Union(Routing.anyOf, { description: 'Routing that is in place' })),
    lastDecision: Type.Optional(
      Type.Object(
        {
          time: time('When it was made'),
          tick: count('Its number: GET /api/v1/decisions/{tick} explains it'),
        },
        { description: 'The last decision that changed weights of the service, as of when this status was written' },
      ),
    ),
    conditions: Type.Optional(Type.Array(PolicyCondition, { maxItems: 8, description: 'One of each type' })),
  },
  { description: 'What the controller has made of the policy' },
);
export type PolicyStatus = Omit<Static<typeof PolicyStatus>, 'conditions'> & {
  conditions?: readonly PolicyCondition[];
};

/** The status as the API shows it. Without Kubernetes nobody stores a status, so conditions have no times. */
const PolicyStatusView = Type.Object({
  ...PolicyStatus.properties,
  conditions: Type.Optional(
    Type.Array(
      Type.Object({
        ...PolicyCondition.properties,
        lastTransitionTime: Type.Optional(time('When `status` last changed')),
      }),
    ),
  ),
});
export type PolicyStatusView = Static<typeof PolicyStatusView>;

/** A policy and its status. */
export const PolicyView = Type.Object({
  namespace: Type.String(),
  name: Type.String(),
  service: Type.Optional(Type.String({ description: '`<namespace>/<name>` of the Service that its target leads to' })),
  spec: PolicySpec,
  status: PolicyStatusView,
});
export type PolicyView = Omit<Static<typeof PolicyView>, 'status'> & {
  readonly status: PolicyStatus | PolicyStatusView;
};
