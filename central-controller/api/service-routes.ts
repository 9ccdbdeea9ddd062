/** Services: their replicas, their weights and the reasons for them. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { findService } from '../history/find-decided.ts';
import type { ControlLoop } from '../loop.ts';
import { ManualWeightView } from './manual-weight-routes.ts';
import { ServiceAnswer, serviceAnswer } from './old-names.ts';
import { NamespacedPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

const Weights = Type.Object(
  {
    tick: Type.Integer(),
    at: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
    weights: Type.Record(Type.String({ description: 'Pod name' }), Type.Number({ minimum: 0, maximum: 1 })),
    manual: Type.Array(ManualWeightView),
  },
  { title: 'Weights' },
);

export function serviceRoutes(loop: ControlLoop): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/services',
      {
        schema: {
          summary: 'List the balanced services, with the latest decision on each',
          tags: ['services'],
          response: { 200: Type.Object({ services: Type.Array(ServiceAnswer) }) },
        },
      },
      () => ({ services: (loop.state.decision?.services ?? []).map(serviceAnswer) }),
    );

    app.get(
      '/api/v1/services/:namespace/:name',
      {
        schema: {
          summary: 'Explain one service: each replica with its weight and the reasons for it',
          tags: ['services'],
          params: NamespacedPath,
          response: { 200: ServiceAnswer, 404: Problem },
        },
      },
      (request, reply) => {
        const service = findService(loop.state.decision, request.params);
        if (service.ok) void reply.send(serviceAnswer(service.value));
        else sendProblem(reply, service.failure);
      },
    );

    app.get(
      '/api/v1/services/:namespace/:name/weights',
      {
        // Other tools act on the weights, and refusing a read would cost as much as answering it.
        config: { rateLimit: false },
        schema: {
          summary: 'Read the weights in force, and which of them were set by hand',
          tags: ['weights'],
          params: NamespacedPath,
          response: { 200: Weights, 404: Problem },
        },
      },
      (request, reply) => {
        const service = findService(loop.state.decision, request.params);
        if (!service.ok) {
          sendProblem(reply, service.failure);
          return;
        }
        const { namespace, name, replicas } = service.value;
        void reply.send({
          tick: loop.state.decision?.tick ?? 0,
          at: loop.state.decision?.at ?? 0,
          weights: Object.fromEntries(replicas.map((replica) => [replica.name, replica.weight])),
          manual: loop.manual
            .list(loop.state.clock.now())
            .filter((manual) => manual.namespace === namespace && manual.service === name),
        });
      },
    );
    done();
  };
}
