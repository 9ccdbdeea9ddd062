/**
 * Whoever asks any of several controllers gets the answer of the one that leads: a Service, or `kubectl port-forward` to
 * it, reaches either. Agents are not forwarded: they find the leader themselves, and stay with it.
 */
import replyFrom from '@fastify/reply-from';
import type { FastifyInstance, preHandlerHookHandler } from 'fastify';
import type { ControllerState } from '../state.ts';
import { sendProblem } from './problem.ts';

/** On what was forwarded once: two controllers that each take the other for the leader must not send it back and forth. */
const FORWARDED = 'x-ballast-forwarded';

/** Lets `forwardToLeader` be used in this server. Streams of events are open for as long as someone listens. */
export async function registerForwarding(app: FastifyInstance): Promise<void> {
  await app.register(replyFrom, { undici: { bodyTimeout: 0 } });
}

/** Answers by way of the controller that leads, where this one does not; NOT_LEADER where the way to it is not known. */
export function forwardToLeader(state: ControllerState): preHandlerHookHandler {
  return (request, reply, next) => {
    if (!state.isStarted || state.isLeading) {
      next();
      return;
    }
    const { leaderUrl } = state.leadership;
    if (leaderUrl === undefined || request.headers[FORWARDED] !== undefined) {
      sendProblem(reply, state.notLeading());
      return;
    }
    reply.from(onLeader(leaderUrl, request.url), {
      rewriteRequestHeaders: (_original, headers) => ({ ...headers, [FORWARDED]: state.leadership.identity }),
      onError: (failed) => sendProblem(failed as typeof reply, state.notLeading()),
    });
  };
}

/**
 * Where the leader answers that path; the query goes along by itself. A request may name a whole URL, but no caller is to
 * choose what host this one asks.
 */
function onLeader(leaderUrl: URL, target: string): string {
  const url = new URL(leaderUrl);
  url.pathname = new URL(target, leaderUrl).pathname;
  return url.href;
}
