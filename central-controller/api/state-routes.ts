/** Replicas and nodes. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { qualifiedName } from '../../contract/names.ts';
import { NodeInventory } from '../../contract/node-inventory.ts';
import { NodeDecision, type ReplicaDecision } from '../../contract/decision.ts';
import { byReplicaName } from '../cluster/replicas.ts';
import type { ControllerState } from '../state.ts';
import { ReplicaAnswer, replicaAnswer } from './old-names.ts';
import { type Key, Continue, pageOf, PageQuery } from './paging.ts';
import { Problem, sendProblem } from './problem.ts';

/** Time since something happened. */
export const Age = Type.Number({ minimum: 0, description: 'ms' });

const ReplicaView = Type.Object(
  { namespace: Type.String(), service: Type.String(), ...ReplicaAnswer.properties },
  { additionalProperties: false },
);

const NodeView = Type.Object(
  {
    ...NodeDecision.properties,
    reportAgeMs: Type.Union([Age, Type.Null()], { description: 'Time since its agent last reported; null: never' }),
    agentConnected: Type.Boolean({ description: 'Its agent is connected for assignments' }),
    inventory: Type.Optional(NodeInventory),
  },
  { additionalProperties: false },
);

/** The order of services in a decision. */
function byServiceAndName([service = '', name = '']: Key, [otherService = '', otherName = '']: Key): number {
  if (service !== otherService) return service < otherService ? -1 : 1;
  return byReplicaName({ name: String(name) }, { name: String(otherName) });
}

const ReplicaQuery = Type.Object({
  ...PageQuery.properties,
  find: Type.Optional(
    Type.String({ maxLength: 253, description: 'Only those with this text in their name, node or state' }),
  ),
});

/** Whether the replica has the text in its name, node or state, in whatever case. */
function isFound({ name, node, state }: ReplicaDecision, text: string): boolean {
  return [name, node, state].some((field) => field.toLowerCase().includes(text));
}

export function stateRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/replicas',
      {
        schema: {
          summary: 'List all replicas of all balanced services, by service and name',
          tags: ['state'],
          querystring: ReplicaQuery,
          response: { 200: Type.Object({ replicas: Type.Array(ReplicaView), continue: Continue }), 400: Problem },
        },
      },
      (request, reply) => {
        const text = request.query.find?.trim().toLowerCase() ?? '';
        const all = (state.decision?.services ?? []).flatMap(({ namespace, name, replicas }) =>
          (text === '' ? replicas : replicas.filter((replica) => isFound(replica, text))).map((replica) => ({
            namespace,
            service: name,
            ...replica,
          })),
        );
        const keyOf = ({ namespace, service, name }: (typeof all)[number]): Key => [
          qualifiedName({ namespace, name: service }),
          name,
        ];
        const page = pageOf(all, keyOf, byServiceAndName, request.query);
        if (!page.ok) {
          sendProblem(reply, page.failure);
          return;
        }
        const { items, ...next } = page.value;
        const replicas = items.map((replica) => ({ ...replica, ...replicaAnswer(replica) }));
        void reply.send({ replicas, ...next });
      },
    );

    app.get(
      '/api/v1/nodes',
      {
        schema: {
          summary: 'List the nodes with their CPU, and when the agent of each last reported',
          tags: ['state'],
          response: { 200: Type.Object({ nodes: Type.Array(NodeView) }) },
        },
      },
      () => {
        const connected = new Set(state.published.connected);
        const now = state.clock.now();
        return {
          nodes: (state.decision?.nodes ?? []).map((node) => {
            const lastSeen = state.lastSeen(node.name);
            const reportAgeMs = lastSeen === undefined ? null : Math.max(0, now - lastSeen);
            const inventory = state.inventory(node.name);
            return { ...node, reportAgeMs, agentConnected: connected.has(node.name), ...(inventory && { inventory }) };
          }),
        };
      },
    );
    done();
  };
}
