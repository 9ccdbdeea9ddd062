/** Probes for kubelet, metrics for Prometheus. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ControllerState } from '../state.ts';
import type { ControllerMetrics } from '../metrics/controller-metrics.ts';
import { Problem, sendProblem } from './problem.ts';

const Healthy = Type.Object({ status: Type.Literal('ok') });

const Leader = Type.Object({
  leading: Type.Boolean({ description: 'This controller decides' }),
  identity: Type.String({ description: 'This controller' }),
  leader: Type.Union([Type.String(), Type.Null()], { description: 'The controller that decides; null: unknown' }),
});

export function healthRoutes(state: ControllerState, metrics: ControllerMetrics): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const options = { config: { rateLimit: false } } as const;
    app.get(
      '/livez',
      {
        ...options,
        schema: { summary: 'Liveness: the process answers', tags: ['health'], response: { 200: Healthy } },
      },
      () => ({ status: 'ok' as const }),
    );
    app.get(
      '/readyz',
      {
        ...options,
        schema: {
          summary: 'Readiness: the cluster is synced and, on the leader, a decision rests on a report of some agent',
          tags: ['health'],
          response: { 200: Healthy, 503: Problem },
        },
      },
      (_request, reply) => {
        if (!state.isStarted) {
          sendProblem(reply, { code: 'NOT_READY', message: 'cluster: the caches are not synced yet' });
          return;
        }
        if (!state.isLeading) {
          void reply.send({ status: 'ok' as const });
          return;
        }
        const heard = state.topology.nodes.some(({ name }) => state.lastSeen(name) !== undefined);
        if (state.decision && heard) void reply.send({ status: 'ok' as const });
        else sendProblem(reply, { code: 'NOT_READY', message: 'reports: no agent has reported yet' });
      },
    );
    app.get(
      '/api/v1/leader',
      { schema: { summary: 'Which controller leads', tags: ['health'], response: { 200: Leader } } },
      () => {
        const { identity, leader = null } = state.leadership;
        return { leading: state.isLeading, identity, leader };
      },
    );
    app.get(
      '/metrics',
      {
        ...options,
        schema: {
          summary: 'Metrics in the Prometheus text format',
          tags: ['health'],
          response: { 200: { content: { 'text/plain': { schema: Type.String() } } } },
        },
      },
      async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
    done();
  };
}
