/** Weights by hand: set for a while, and withdrawn. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { findReplica } from '../history/find-decided.ts';
import type { ControlLoop } from '../loop.ts';
import { ReplicaPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

export const ManualWeightView = Type.Object({
  namespace: Type.String(),
  service: Type.String(),
  replica: Type.String(),
  weight: Type.Number({ minimum: 0, maximum: 1 }),
  expiresAt: Type.Number({ description: "Controller's wall clock, ms since 1970" }),
});

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

export function manualWeightRoutes(loop: ControlLoop): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
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
