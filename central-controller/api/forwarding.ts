/**
 * Forwards a request that reaches a follower to the leader: a Service, or `kubectl port-forward` to it, reaches either.
 * Agents are not forwarded. They find the leader themselves and stay with it.
 */
import replyFrom from '@fastify/reply-from';
import type { FastifyInstance, preHandlerHookHandler } from 'fastify';
import type { ControllerState } from '../state.ts';
import { sendProblem } from './problem.ts';

/** Marks a forwarded request, so that two controllers that take each other for the leader do not pass it back and forth. */
const FORWARDED = 'x-ballast-forwarded';

/**
 * Registers what `forwardToLeader` needs. Event streams stay open while someone listens, so they have no timeout. No
 * method is retried: by default reply-from repeats a GET ten times after a 503, and only an empty list prevents that.
 */
export async function registerForwarding(app: FastifyInstance): Promise<void> {
  await app.register(replyFrom, { undici: { bodyTimeout: 0 }, retryMethods: [] });
}

/** Forwards to the leader if this controller follows; answers NOT_LEADER if the leader's address is unknown. */
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
 * URL of the same path at the leader; the query is added by the proxy. A request line may hold a whole URL, so only its
 * path is used: a client must not choose the host.
 */
function onLeader(leaderUrl: URL, target: string): string {
  const url = new URL(leaderUrl);
  url.pathname = new URL(target, leaderUrl).pathname;
  return url.href;
}
