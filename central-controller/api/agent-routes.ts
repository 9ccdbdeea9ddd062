/** What host agents call: reports in, assignments out. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Failure } from '../../contract/errors.ts';
import { NodeReport } from '../../contract/node-report.ts';
import { AgentReport } from '../../contract/report.ts';
import type { Result } from '../../contract/result.ts';
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

    const count = (accepted: Result<readonly string[]>): Failure | undefined => {
      if (!accepted.ok) {
        metrics.refused(accepted.failure.code);
        return accepted.failure;
      }
      metrics.accepted(accepted.value.length);
      if (accepted.value.length > 0) app.log.warn({ fields: accepted.value }, 'counters fell and start anew');
      return undefined;
    };
    const take = (report: NodeReport): Failure | undefined => count(loop.accept(report));
    const takeOld = (report: AgentReport): Failure | undefined => count(loop.acceptOld(report));
    const common = { maxBytes: REPORT_BYTES, onRefused: ({ code }: Failure) => metrics.refused(code) };

    app.post(
      '/agent/v2/reports',
      {
        bodyLimit: REPORT_BYTES,
        schema: {
          summary: "Take one node's report",
          tags: ['agents'],
          body: NodeReport,
          response: REPORT_ANSWERS,
        },
      },
      (request, reply) => {
        const refused = take(request.body);
        if (refused === undefined) void reply.code(204).send(null);
        else sendProblem(reply, refused);
      },
    );
    app.post(
      '/agent/v1/reports',
      {
        bodyLimit: REPORT_BYTES,
        schema: {
          summary: "Take one node's report",
          description: 'For agents of the version before. The next version drops it.',
          tags: ['agents'],
          body: AgentReport,
          response: REPORT_ANSWERS,
        },
      },
      (request, reply) => {
        const refused = takeOld(request.body);
        if (refused === undefined) void reply.code(204).send(null);
        else sendProblem(reply, refused);
      },
    );
    const v2 = { path: '/agent/v2/reports', schema: NodeReport, schemaName: 'NodeReport', take };
    const v1 = { path: '/agent/v1/reports', schema: AgentReport, schemaName: 'AgentReport', take: takeOld };
    void app.register(reportStreamRoute({ ...common, ...v2 }));
    void app.register(reportStreamRoute({ ...common, ...v1 }));
    void app.register(assignmentRoutes(loop));
    done();
  };
}
