/** What host agents call: reports in, assignments out. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Failure } from '../../contract/errors.ts';
import { AgentReport } from '../../contract/report.ts';
import type { ControlLoop } from '../loop.ts';
import type { ControllerMetrics } from '../metrics/controller-metrics.ts';
import { assignmentRoutes } from './assignment-routes.ts';
import { sendProblem } from './problem.ts';
import { REPORT_ANSWERS, reportStreamRoute } from './report-stream.ts';

/** A node with a thousand pods and their proxies, with room to spare. */
const REPORT_BYTES = 16 * 1024 * 1024;

export function agentRoutes(loop: ControlLoop, metrics: ControllerMetrics): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    // Before the body is read, which may be long.
    app.addHook('onRequest', (_request, reply, next) => {
      if (loop.state.isLeading) next();
      else sendProblem(reply, loop.state.notLeading());
    });

    const take = (report: AgentReport): Failure | undefined => {
      const accepted = loop.accept(report);
      if (!accepted.ok) {
        metrics.refused(accepted.failure.code);
        return accepted.failure;
      }
      metrics.accepted(accepted.value.length);
      if (accepted.value.length > 0) app.log.warn({ fields: accepted.value }, 'counters fell and start anew');
      return undefined;
    };

    app.post(
      '/agent/v1/reports',
      {
        bodyLimit: REPORT_BYTES,
        schema: {
          summary: "Take in one node's report",
          tags: ['agents'],
          body: AgentReport,
          response: REPORT_ANSWERS,
        },
      },
      (request, reply) => {
        const failure = take(request.body);
        if (failure === undefined) void reply.code(204).send(null);
        else sendProblem(reply, failure);
      },
    );
    void app.register(reportStreamRoute(take, ({ code }) => metrics.refused(code), REPORT_BYTES));

    void app.register(assignmentRoutes(loop));
    done();
  };
}
