/** The latest decision, the recent ones, and the explanation of a replica's weight in one of them. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Decision } from '../../contract/decision.ts';
import { Explanation } from '../../contract/explanation.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { explainReplica } from '../wording/explain-replica.ts';
import type { ControllerState } from '../state.ts';
import { decisionAnswer, DecisionAnswer, OLD_GAP, ReplicaAnswer, replicaAnswer, withOldGap } from './old-names.ts';
import { type Key, Continue, pageOf, PageQuery } from './paging.ts';
import { ReplicaPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

const Tick = Type.Integer({ minimum: 0 });

const DecisionEntry = Type.Object({
  ...Type.Pick(Decision, ['tick', 'at', 'optimalityGap', 'changed']).properties,
  ...OLD_GAP,
});

const ExplanationAnswer = Type.Object(
  { ...Explanation.properties, ...OLD_GAP, replica: ReplicaAnswer },
  { additionalProperties: false, title: 'Explanation' },
);

function byTickDescending([a]: Key, [b]: Key): number {
  return Number(b) - Number(a);
}

/** The decision in force at a tick; without a tick, the one in force now. */
function decisionAt(state: ControllerState, tick: number | undefined): Result<Decision> {
  if (!state.decision) return failure('NOT_READY', 'decision: none was made yet');
  const found = tick === undefined ? state.decision : state.history.at(tick);
  return found ? success(found) : failure('UNKNOWN_DECISION', `tick: ${tick} is not among the recent decisions`);
}

export function decisionRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/decisions',
      {
        schema: {
          summary: 'List the recent decisions, newest first: every one of the last seconds, one per second before that',
          tags: ['decisions'],
          querystring: PageQuery,
          response: {
            200: Type.Object({ decisions: Type.Array(DecisionEntry), continue: Continue }),
            400: Problem,
          },
        },
      },
      (request, reply) => {
        const newestFirst = state.history.decisions.toReversed();
        const page = pageOf(newestFirst, ({ tick }) => [tick], byTickDescending, request.query);
        if (!page.ok) {
          sendProblem(reply, page.failure);
          return;
        }
        const { items, ...next } = page.value;
        const decisions = items.map(({ tick, at, optimalityGap, changed }) =>
          withOldGap({ tick, at, optimalityGap, changed }),
        );
        void reply.send({ decisions, ...next });
      },
    );

    app.get(
      '/api/v1/decisions/latest',
      {
        schema: {
          summary: 'Read the latest decision with all its reasons',
          tags: ['decisions'],
          response: { 200: DecisionAnswer, 503: Problem },
        },
      },
      (_request, reply) => {
        const latest = decisionAt(state, undefined);
        if (latest.ok) void reply.send(decisionAnswer(latest.value));
        else sendProblem(reply, latest.failure);
      },
    );

    app.get(
      '/api/v1/decisions/:tick',
      {
        schema: {
          summary: 'Read the decision that was in force at a tick',
          tags: ['decisions'],
          params: Type.Object({ tick: Tick }),
          response: { 200: DecisionAnswer, 400: Problem, 404: Problem, 503: Problem },
        },
      },
      (request, reply) => {
        const found = decisionAt(state, request.params.tick);
        if (found.ok) void reply.send(decisionAnswer(found.value));
        else sendProblem(reply, found.failure);
      },
    );
    done();
  };
}

export function explanationRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/services/:namespace/:name/replicas/:replica/explanation',
      {
        schema: {
          summary: 'Explain the weight of one replica, now or at a recent tick',
          tags: ['decisions'],
          params: ReplicaPath,
          querystring: Type.Object({ tick: Type.Optional(Tick) }),
          response: { 200: ExplanationAnswer, 400: Problem, 404: Problem, 503: Problem },
        },
      },
      (request, reply) => {
        const decision = decisionAt(state, request.query.tick);
        const explained = decision.ok ? explainReplica(decision.value, request.params) : decision;
        if (!explained.ok) {
          sendProblem(reply, explained.failure);
          return;
        }
        const { replica } = explained.value;
        void reply.send({ ...withOldGap(explained.value), replica: replicaAnswer(replica) });
      },
    );
    done();
  };
}
