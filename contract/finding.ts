/** What people should know of the state, in words: what is wrong, and what is set on purpose. */
import { Type, type Static } from 'typebox';

export const FindingReason = Type.Union([
  Type.Literal('AgentSilent', { description: 'No report of the agent on a node with balanced replicas' }),
  Type.Literal('AgentAbsent', { description: 'No report of the agent on a node without balanced replicas' }),
  Type.Literal('AgentNotListening', { description: 'The agent reports, but receives no weights' }),
  Type.Literal('PolicyNotReady', { description: "A policy's condition `Ready` is `False`" }),
  Type.Literal('Learning', { description: 'Too little is known of a replica yet' }),
  Type.Literal('ProxyMissing', {
    description: 'A ready replica whose proxy never reported: it is not managed, or never got a request',
  }),
  Type.Literal('ProxyWithoutTable', { description: 'A proxy that has no weights' }),
  Type.Literal('ReplicaDegraded', { description: 'The replica fails, or is slower than its CPU explains' }),
  Type.Literal('ReplicaSilent', { description: 'Its proxy or its agent no longer reports' }),
  Type.Literal('ReplicaNotReady', { description: 'Kubernetes says that the replica is not ready' }),
  Type.Literal('ReplicaEjected', { description: 'Callers leave the replica out after failures' }),
  Type.Literal('DemandUnmet', { description: 'The nodes cannot carry all requests to a service' }),
  Type.Literal('NodeSaturated', { description: 'A node with balanced replicas has no CPU left' }),
  Type.Literal('Paused', { description: 'Weights are held as they are' }),
  Type.Literal('WeightByHand', { description: 'A weight was set by hand' }),
]);
export type FindingReason = Static<typeof FindingReason>;

export const Finding = Type.Object(
  {
    severity: Type.Union([
      Type.Literal('trouble', { description: 'Something needs repair' }),
      Type.Literal('notice', { description: 'Worth knowing' }),
    ]),
    reason: FindingReason,
    objects: Type.Array(Type.String(), { description: 'Names of the nodes, pods, services or policies' }),
    text: Type.String({ description: 'What is the case, in a sentence' }),
    remedy: Type.String({ description: 'What to do' }),
  },
  { additionalProperties: false, title: 'Finding' },
);
export type Finding = Static<typeof Finding>;
