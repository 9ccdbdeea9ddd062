/** What host agents call: reports in, assignments out. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Failure } from '../../contract/errors.ts';
import { AgentReport } from '../../contract/report.ts';
import { memoizeLast } from '../model/memoize-last.ts';
import type { ControlLoop } from '../loop.ts';
import type { ControllerMetrics } from '../metrics/controller-metrics.ts';
import type { Subscriber } from '../publish/publisher.ts';
import { Problem, sendProblem } from './problem.ts';
import { PushedText, PushStream } from './push-stream.ts';
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

    // All agents are sent the same line, but for those with CPU grants of their own.
    const bytesOf = memoizeLast((line: string) => Buffer.from(line));
    app.get(
      '/agent/v1/assignments',
      {
        // A stream of which only the head is sent would never end.
        exposeHeadRoute: false,
        schema: {
          summary: 'Follow the assignments: one JSON object (AssignmentUpdate) a line, a heartbeat each second',
          tags: ['agents'],
          querystring: Type.Object({ node: Type.String({ minLength: 1, maxLength: 253 }) }),
          response: {
            200: { content: { 'application/x-ndjson': { schema: PushedText } } },
            404: Problem,
            503: Problem,
          },
        },
      },
      (request, reply) => {
        const { node } = request.query;
        if (!loop.state.topology.nodes.some(({ name }) => name === node)) {
          sendProblem(reply, { code: 'UNKNOWN_NODE', message: `node: the cluster has no node ${node}` });
          return;
        }
        const stream = new PushStream(() => loop.publisher.drained(subscriber, loop.state.clock.now()));
        const subscriber: Subscriber = {
          node,
          write: (line) => stream.send(bytesOf(line)),
          close: () => stream.destroy(),
        };
        stream.once('close', () => {
          loop.publisher.unsubscribe(subscriber);
          request.log.info({ node }, 'agent left');
        });
        void reply.type('application/x-ndjson').header('cache-control', 'no-store').send(stream);
        loop.publisher.subscribe(subscriber, loop.state.clock.now());
        request.log.info({ node }, 'agent listens');
      },
    );
    done();
  };
}
