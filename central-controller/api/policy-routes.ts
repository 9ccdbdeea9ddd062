/** Policies and their status. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { qualifiedName } from '../../contract/names.ts';
import type { KnownPolicy } from '../model/topology.ts';
import { policyView } from '../policy/policy-view.ts';
import { PolicyView } from '../../contract/policy-status.ts';
import type { ControllerState } from '../state.ts';
import { NamespacedPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

export function policyRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  const view = (known: KnownPolicy): PolicyView => policyView(known, state.topology, state.decision, state.clock.now());

  return (app, _options, done) => {
    app.get(
      '/api/v1/policies',
      {
        schema: {
          summary: 'List the policies with their status: the one in the cluster or, without Kubernetes, a computed one',
          tags: ['policies'],
          response: { 200: Type.Object({ policies: Type.Array(Type.Unsafe<PolicyView>(PolicyView)) }) },
        },
      },
      () => ({ policies: state.policies.map(view) }),
    );

    app.get(
      '/api/v1/policies/:namespace/:name',
      {
        schema: {
          summary: 'Read one policy with its status',
          tags: ['policies'],
          params: NamespacedPath,
          response: { 200: Type.Unsafe<PolicyView>(PolicyView), 404: Problem },
        },
      },
      (request, reply) => {
        const name = qualifiedName(request.params);
        const known = state.policies.find(({ policy }) => qualifiedName(policy.metadata) === name);
        if (known) void reply.send(view(known));
        else sendProblem(reply, { code: 'UNKNOWN_POLICY', message: `name: there is no policy ${name}` });
      },
    );
    done();
  };
}
