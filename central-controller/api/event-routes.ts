/** Server-sent events: each decision when it is made. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Decision } from '../../contract/decision.ts';
import { memoizeLast } from '../model/memoize-last.ts';
import type { ControllerState } from '../state.ts';
import { overviewOf, replicaCount } from '../wording/decision-overview.ts';
import { decisionAnswer, withOldGap } from './old-names.ts';
import { Problem } from './problem.ts';
import { PushedText, PushStream } from './push-stream.ts';

/** Default time between two events, ms, even when decisions come more often. */
const EVENT_INTERVAL_MS = 250;

const StreamQuery = Type.Object({
  intervalMs: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 60_000,
      description: 'Minimum time between two events; 0: every decision; default: 250',
    }),
  ),
  maxReplicas: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'A decision on more replicas comes without them: `services` have a `summary`, `nodes` have `usedBy`; absent: all replicas',
    }),
  ),
});

/** A tick that is early by up to this much, ms, still counts. */
const JITTER_MS = 25;

/** After this much silence, ms, a comment keeps proxies in between from closing the connection. */
const HEARTBEAT_MS = 5_000;

function event({ tick }: Decision, answer: object): string {
  return `event: decision\nid: ${tick}\ndata: ${JSON.stringify(answer)}\n\n`;
}

export function eventRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const open = new Set<PushStream>();
    // All listeners get the same text, so each is made once.
    const wholeEvent = memoizeLast((decision: Decision) => event(decision, decisionAnswer(decision)));
    const overviewEvent = memoizeLast((decision: Decision) => event(decision, withOldGap(overviewOf(decision))));
    const finishAll = (): void => {
      for (const stream of open) stream.finish();
    };
    app.addHook('preClose', (closed) => {
      finishAll();
      closed();
    });
    // Listeners reconnect, and the new connection is forwarded to the new leader.
    state.leadership.onChange(() => {
      if (!state.isLeading) finishAll();
    });

    app.get(
      '/api/v1/stream',
      {
        // A HEAD route would open a stream that never ends.
        exposeHeadRoute: false,
        schema: {
          summary: 'Follow the decisions as server-sent events (`decision`)',
          tags: ['stream'],
          querystring: StreamQuery,
          response: { 200: { content: { 'text/event-stream': { schema: PushedText } } }, 400: Problem },
        },
      },
      (request, reply) => {
        const { intervalMs = EVENT_INTERVAL_MS, maxReplicas = Infinity } = request.query;
        let behind = false;
        let sentAt = -Infinity;
        let decisionSentAt = -Infinity;
        const send = (text: string): void => {
          behind = !stream.send(text);
          sentAt = state.clock.now();
        };
        const sendDecision = (): void => {
          if (behind || !state.decision || state.clock.now() - decisionSentAt < intervalMs - JITTER_MS) return;
          const { decision } = state;
          send(replicaCount(decision) > maxReplicas ? overviewEvent(decision) : wholeEvent(decision));
          decisionSentAt = sentAt;
        };
        // A slow reader gets the next decision and none of those that it missed.
        const stream = new PushStream(() => {
          behind = false;
        });
        const unsubscribe = state.onDecision(sendDecision);
        const heartbeat = setInterval(() => {
          if (!behind && state.clock.now() - sentAt >= HEARTBEAT_MS) send(': still here\n\n');
        }, HEARTBEAT_MS);
        stream.once('close', () => {
          clearInterval(heartbeat);
          unsubscribe();
          open.delete(stream);
        });
        open.add(stream);
        void reply.type('text/event-stream').header('cache-control', 'no-store').send(stream);
        sendDecision();
      },
    );
    done();
  };
}
