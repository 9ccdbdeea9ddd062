/** What people should know of the state of things, in words: what is wrong, and what is as it is on purpose. */
import { Type, type Static } from 'typebox';

export const FindingReason = Type.Union([
  Type.Literal('AgentSilent', { description: 'No report of the agent on a node with balanced replicas' }),
  Type.Literal('AgentAbsent', { description: 'Likewise on a node without' }),
  Type.Literal('AgentNotListening', { description: 'The agent reports, but takes no weights' }),
  Type.Literal('PolicyNotReady', { description: "A policy's condition `Ready` is `False`" }),
  Type.Literal('Learning', { description: 'Too little is known of a replica yet' }),
  Type.Literal('ProxyMissing', {
    description: 'A ready replica whose proxy never reported: it is not managed, or never got a request',
  }),
  Type.Literal('ProxyWithoutTable', { description: 'A proxy that has no weights' }),
  Type.Literal('ReplicaDegraded', { description: 'It fails, or is slower than its CPU explains' }),
  Type.Literal('ReplicaSilent', { description: 'Nothing is heard of it any more' }),
  Type.Literal('ReplicaNotReady', { description: 'The cluster says so' }),
  Type.Literal('ReplicaEjected', { description: 'Callers leave it out after failures' }),
  Type.Literal('DemandUnmet', { description: 'The nodes cannot carry all that a service is asked for' }),
  Type.Literal('NodeSaturated', { description: 'A node with balanced replicas has no CPU left' }),
  Type.Literal('Paused', { description: 'Weights are kept as they are' }),
  Type.Literal('WeightByHand', { description: 'A weight was set by hand' }),
]);
export type FindingReason = Static<typeof FindingReason>;

export const Finding = Type.Object(
  {
    severity: Type.Union([
      Type.Literal('trouble', { description: 'Something is to be mended' }),
      Type.Literal('notice', { description: 'Worth knowing' }),
    ]),
    reason: FindingReason,
    objects: Type.Array(Type.String(), { description: 'Nodes, pods, services, policies that it is about' }),
    text: Type.String({ description: 'What is so, a sentence' }),
    remedy: Type.String({ description: 'What to do about it' }),
  },
  { additionalProperties: false, title: 'Finding' },
);
export type Finding = Static<typeof Finding>;
