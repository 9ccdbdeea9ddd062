/** Time series of the last ten minutes for charts, and how switching balancing changed them. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { qualifiedName } from '../../contract/names.ts';
import { byReplicaName } from '../cluster/replicas.ts';
import { FigureTimes, NodeFigures, ReplicaFigures, ServiceFigures, Switch } from '../../contract/time-series.ts';
import type { Result } from '../../contract/result.ts';
import type { ControllerState } from '../state.ts';
import { type Key, Continue, type Page, pageOf, PageQuery, type PageRequest } from './paging.ts';
import { NamespacedPath } from './path-schemas.ts';
import { Problem, sendProblem } from './problem.ts';

/** Each entry holds hundreds of numbers; a larger page would hold up the control loop. */
const MAX_ENTRIES = 100;

const FigureQuery = Type.Object({
  ...PageQuery.properties,
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_ENTRIES, description: 'Maximum number of entries; default: 100' }),
  ),
});

function byName([name = '']: Key, [other = '']: Key): number {
  return byReplicaName({ name: String(name) }, { name: String(other) });
}

function pageOfNames(names: readonly string[], request: PageRequest): Result<Page<string>> {
  const inOrder = names.toSorted((a, b) => byName([a], [b]));
  return pageOf(inOrder, (name) => [name], byName, request);
}

/** Time series of nodes, and switches of balancing. */
export function figureRoutes({ timeSeries }: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/history/nodes',
      {
        schema: {
          summary: 'Read the CPU of nodes by user over the last ten minutes',
          tags: ['history'],
          querystring: FigureQuery,
          response: {
            200: Type.Object({ at: FigureTimes, nodes: Type.Array(NodeFigures), continue: Continue }),
            400: Problem,
          },
        },
      },
      (request, reply) => {
        const page = pageOfNames(timeSeries.nodes(), request.query);
        if (!page.ok) {
          sendProblem(reply, page.failure);
          return;
        }
        const { items, ...next } = page.value;
        const nodes = items.map((name) => timeSeries.node(name)).filter((node) => node !== undefined);
        void reply.send({ at: timeSeries.times(), nodes, ...next });
      },
    );

    app.get(
      '/api/v1/history/switches',
      {
        schema: {
          summary:
            'List when balancing was switched on, off, paused or resumed, with the latency of each service before and after',
          tags: ['history'],
          response: { 200: Type.Object({ switches: Type.Array(Switch) }) },
        },
      },
      () => ({ switches: timeSeries.switches() }),
    );
    done();
  };
}

/** Time series of one service and its replicas. */
export function serviceFigureRoutes({ timeSeries }: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/services/:namespace/:name/history',
      {
        schema: {
          summary: 'Read the time series of a service, and weights and CPU of its replicas, over the last ten minutes',
          tags: ['history'],
          params: NamespacedPath,
          querystring: FigureQuery,
          response: {
            200: Type.Object({
              at: FigureTimes,
              service: ServiceFigures,
              replicas: Type.Array(ReplicaFigures),
              continue: Continue,
            }),
            400: Problem,
            404: Problem,
          },
        },
      },
      (request, reply) => {
        const key = qualifiedName(request.params);
        const service = timeSeries.service(key);
        if (!service) {
          sendProblem(reply, { code: 'UNKNOWN_SERVICE', message: `name: there are no time series of ${key}` });
          return;
        }
        const page = pageOfNames(timeSeries.replicas(key), request.query);
        if (!page.ok) {
          sendProblem(reply, page.failure);
          return;
        }
        const { items, ...next } = page.value;
        const replicas = items.map((name) => timeSeries.replica(key, name)).filter((replica) => replica !== undefined);
        void reply.send({ at: timeSeries.times(), service, replicas, ...next });
      },
    );
    done();
  };
}
