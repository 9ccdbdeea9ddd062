/** Streams of assignments to the agents. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Subscription } from '../../contract/assignment-stream.ts';
import type { ControlLoop } from '../loop.ts';
import { memoizeLast } from '../model/memoize-last.ts';
import type { Subscriber } from '../publish/agent-stream.ts';
import { Problem, sendProblem } from './problem.ts';
import { PushedText, PushStream } from './push-stream.ts';

/** 20,000 services with their versions. */
const SUBSCRIPTION_BYTES = 2 * 1024 * 1024;

const LINES = { content: { 'application/x-ndjson': { schema: PushedText } } };

export function assignmentRoutes(loop: ControlLoop): FastifyPluginCallbackTypebox {
  // Many agents are sent the same line, such as a heartbeat.
  const bytesOf = memoizeLast((line: string) => Buffer.from(line));

  function follow(request: FastifyRequest, reply: FastifyReply, node: string, subscription?: Subscription): void {
    const { publisher, state } = loop;
    if (!state.topology.nodes.some(({ name }) => name === node)) {
      sendProblem(reply, { code: 'UNKNOWN_NODE', message: `node: the cluster has no node ${node}` });
      return;
    }
    const stream = new PushStream(() => publisher.drained(subscriber, state.clock.now()));
    const subscriber: Subscriber = {
      node,
      write: (line) => stream.send(bytesOf(line)),
      close: () => stream.destroy(),
    };
    stream.once('close', () => {
      publisher.unsubscribe(subscriber);
      request.log.info({ node }, 'agent left');
    });
    void reply.type('application/x-ndjson').header('cache-control', 'no-store').send(stream);
    publisher.subscribe(subscriber, state.clock.now(), subscription);
    request.log.info({ node, services: subscription?.services.length }, 'agent listens');
  }

  return (app, _options, done) => {
    app.post(
      '/agent/v2/assignments',
      {
        bodyLimit: SUBSCRIPTION_BYTES,
        schema: {
          summary: 'Follow the assignments of some services: one JSON object (AssignmentLine) a line, one each second',
          tags: ['agents'],
          body: Subscription,
          response: { 200: LINES, 400: Problem, 404: Problem, 413: Problem, 415: Problem, 503: Problem },
        },
      },
      (request, reply) => follow(request, reply, request.body.node, request.body),
    );
    app.get(
      '/agent/v1/assignments',
      {
        // A HEAD request would open a stream that never ends.
        exposeHeadRoute: false,
        schema: {
          summary: 'Follow the assignments of all services: one JSON object (AssignmentUpdate) a line, one each second',
          description: 'For agents of the version before. The next version drops it.',
          tags: ['agents'],
          querystring: Type.Object({ node: Type.String({ minLength: 1, maxLength: 253 }) }),
          response: { 200: LINES, 404: Problem, 503: Problem },
        },
      },
      (request, reply) => follow(request, reply, request.query.node),
    );
    done();
  };
}
