/** For kubelet and Prometheus. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ControlLoop } from '../loop.ts';
import type { Metrics } from './metrics.ts';
import { Problem, sendProblem } from './problem.ts';

const Healthy = Type.Object({ status: Type.Literal('ok') });

export function healthRoutes(loop: ControlLoop, metrics: Metrics): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const options = { config: { rateLimit: false } } as const;
    app.get(
      '/livez',
      { ...options, schema: { summary: 'Does the process answer?', tags: ['health'], response: { 200: Healthy } } },
      () => ({ status: 'ok' as const }),
    );
    app.get(
      '/readyz',
      {
        ...options,
        schema: {
          summary: 'Has a decision been made, on reports of at least one agent?',
          tags: ['health'],
          response: { 200: Healthy, 503: Problem },
        },
      },
      (_request, reply) => {
        const heard = loop.topology.nodes.some(({ name }) => loop.heardAt(name) !== undefined);
        if (loop.decision && heard) void reply.send({ status: 'ok' as const });
        else sendProblem(reply, { code: 'NOT_READY', message: 'reports: no agent was heard yet' });
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
