/** Services: their weights, the reasons for them, and weights by hand. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { findReplica, findService } from '../history/find-decided.ts';
import type { ControlLoop } from '../loop.ts';
import { ServiceAnswer, serviceAnswer } from './old-names.ts';
import { NamespacedPath, ReplicaPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

const ManualWeightView = Type.Object({
  namespace: Type.String(),
  service: Type.String(),
  replica: Type.String(),
  weight: Type.Number({ minimum: 0, maximum: 1 }),
  expiresAt: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
});

const Weights = Type.Object(
  {
    tick: Type.Integer(),
    at: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
    weights: Type.Record(Type.String({ description: 'Pod name' }), Type.Number({ minimum: 0, maximum: 1 })),
    manual: Type.Array(ManualWeightView),
  },
  { title: 'Weights' },
);

const ManualWeightBody = Type.Object(
  {
    weight: Type.Number({ minimum: 0, maximum: 1, description: "Fraction of the service's requests" }),
    ttlSeconds: Type.Number({
      minimum: 1,
      maximum: 3600,
      description: 'After this time Ballast decides the weight again',
    }),
  },
  { additionalProperties: false, title: 'ManualWeight' },
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

    app.put(
      '/api/v1/services/:namespace/:name/weights/:replica',
      {
        schema: {
          summary: "Set a replica's weight by hand for a while; the others share the rest in proportion",
          tags: ['weights'],
          params: ReplicaPath,
          body: ManualWeightBody,
          response: { 200: ManualWeightView, 400: Problem, 404: Problem },
        },
      },
      (request, reply) => {
        const replica = findReplica(loop.state.decision, request.params);
        const now = loop.state.clock.now();
        const { weight, ttlSeconds } = request.body;
        const { namespace, name: service } = request.params;
        const manual = {
          namespace,
          service,
          replica: request.params.replica,
          weight,
          expiresAt: now + ttlSeconds * 1000,
        };
        const set = replica.ok ? loop.manual.set(manual, now) : replica;
        if (!set.ok) {
          sendProblem(reply, set.failure);
          return;
        }
        request.log.info(manual, 'weight set by hand');
        loop.reconcileSoon();
        void reply.send(manual);
      },
    );

    app.delete(
      '/api/v1/services/:namespace/:name/weights/:replica',
      {
        schema: {
          summary: 'Let Ballast decide the weight of a replica again',
          tags: ['weights'],
          params: ReplicaPath,
          response: { 204: Type.Null(), 404: Problem },
        },
      },
      (request, reply) => {
        const { namespace, name: service, replica } = request.params;
        if (!loop.manual.delete({ namespace, service, replica })) {
          sendProblem(reply, { code: 'UNKNOWN_REPLICA', message: `replica: ${replica} has no weight set by hand` });
          return;
        }
        request.log.info({ namespace, service, replica }, 'weight set by hand withdrawn');
        loop.reconcileSoon();
        void reply.code(204).send(null);
      },
    );
    done();
  };
}
