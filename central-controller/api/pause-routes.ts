/** Pauses: the weights of one service or all stay as they are until somebody resumes or the time is over. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { qualifiedName } from '../../contract/names.ts';
import { Paused } from '../../contract/decision.ts';
import type { Pause } from '../decide/pause.ts';
import { findService } from '../history/find-decided.ts';
import type { ControlLoop } from '../loop.ts';
import { NamespacedPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

const PauseView = Type.Object(
  {
    ...Paused.properties,
    service: Type.Optional(Type.String({ description: '`<namespace>/<name>`; absent: all services' })),
  },
  { title: 'Pause' },
);

/** The end of a pause that names none, as clients of the version before leave it out. */
const DEFAULT_PAUSE_SECONDS = 3600;

const PauseBody = Type.Object(
  {
    ttlSeconds: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 86_400,
        default: DEFAULT_PAUSE_SECONDS,
        description: 'After this time Ballast resumes by itself; absent: after an hour',
      }),
    ),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Shown with the pause' })),
  },
  { additionalProperties: false, title: 'PauseRequest' },
);

function viewOf(pause: Pause) {
  const { held: _, ...view } = pause;
  return view;
}

function pause(loop: ControlLoop, service: string | undefined, body: { ttlSeconds?: number; reason?: string }) {
  const now = loop.state.clock.now();
  const { ttlSeconds = DEFAULT_PAUSE_SECONDS, reason } = body;
  const request = {
    ...(service !== undefined && { service }),
    expiresAt: now + ttlSeconds * 1000,
    ...(reason !== undefined && { reason }),
  };
  const set = loop.pauses.set(request, loop.state.decision, now);
  loop.reconcileSoon();
  return viewOf(set);
}

function resume(loop: ControlLoop, service: string | undefined): boolean {
  const wasPaused = loop.pauses.delete(service);
  if (wasPaused) loop.reconcileSoon();
  return wasPaused;
}

/** The list of pauses, and the pause of all services. */
export function pauseRoutes(loop: ControlLoop): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/pauses',
      {
        schema: {
          summary: 'List the pauses',
          tags: ['pauses'],
          response: { 200: Type.Object({ pauses: Type.Array(PauseView) }) },
        },
      },
      () => ({ pauses: loop.pauses.list(loop.state.clock.now()).map(viewOf) }),
    );

    app.put(
      '/api/v1/pause',
      {
        schema: {
          summary: 'Keep the weights of all services as they are',
          tags: ['pauses'],
          body: PauseBody,
          response: { 200: PauseView, 400: Problem, 503: Problem },
        },
      },
      (request, reply) => {
        if (loop.state.decision) void reply.send(pause(loop, undefined, request.body));
        else
          sendProblem(reply, {
            code: 'NOT_READY',
            message: 'decision: none was made yet, so there are no weights to keep',
          });
      },
    );

    app.delete(
      '/api/v1/pause',
      {
        schema: {
          summary: 'Resume all services, except those that have a pause of their own',
          tags: ['pauses'],
          response: { 204: Type.Null(), 404: Problem },
        },
      },
      (_request, reply) => {
        if (resume(loop, undefined)) void reply.code(204).send(null);
        else sendProblem(reply, { code: 'NOT_PAUSED', message: 'services: there is no pause of all services' });
      },
    );
    done();
  };
}

/** The pause of one service. */
export function servicePauseRoutes(loop: ControlLoop): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.put(
      '/api/v1/services/:namespace/:name/pause',
      {
        schema: {
          summary: "Keep one service's weights as they are",
          tags: ['pauses'],
          params: NamespacedPath,
          body: PauseBody,
          response: { 200: PauseView, 400: Problem, 404: Problem },
        },
      },
      (request, reply) => {
        const { namespace, name } = request.params;
        const found = findService(loop.state.decision, request.params);
        if (found.ok) void reply.send(pause(loop, qualifiedName({ namespace, name }), request.body));
        else sendProblem(reply, found.failure);
      },
    );

    app.delete(
      '/api/v1/services/:namespace/:name/pause',
      {
        schema: {
          summary: 'Resume one service',
          tags: ['pauses'],
          params: NamespacedPath,
          response: { 204: Type.Null(), 404: Problem },
        },
      },
      (request, reply) => {
        const service = qualifiedName(request.params);
        if (resume(loop, service)) void reply.code(204).send(null);
        else sendProblem(reply, { code: 'NOT_PAUSED', message: `name: ${service} has no pause of its own` });
      },
    );
    done();
  };
}
