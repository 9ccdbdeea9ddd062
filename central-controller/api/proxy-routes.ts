/** Proxies with the version of the assignments that each uses, and the versions that were published. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ProxyStatus } from '../collect/node-counters.ts';
import type { ControllerState } from '../state.ts';
import { Continue, type Key, pageOf, PageQuery } from './paging.ts';
import { Problem, sendProblem } from './problem.ts';
import { Age } from './state-routes.ts';

const ProxyQuery = Type.Object({
  ...PageQuery.properties,
  node: Type.Optional(Type.String({ maxLength: 253, description: 'Only the proxies of this node' })),
});

const ProxyView = Type.Object({
  node: Type.String(),
  namespace: Type.String(),
  pod: Type.String(),
  vms: Type.Integer({ minimum: 0, description: 'VMs of the plugin: an Envoy has one for each worker' }),
  tableVersion: Type.Integer({
    minimum: 0,
    description: 'Version of the assignments that all proxies of the node use; 0: this proxy has no table',
  }),
  tableSince: Type.Number({
    description: "Since when it has had a table, or has had none, controller's clock, ms since 1970",
  }),
  tableAgeMs: Type.Union([Age, Type.Null()], {
    description: 'Time since that version was decided; null: no longer known',
  }),
  heardAgeMs: Age,
  fallbacks: Type.Integer({ minimum: 0, description: 'Requests that the proxy left to Istio' }),
});

const PublishedVersionView = Type.Object({
  version: Type.Integer(),
  tick: Type.Integer(),
  decidedAt: Type.Number({ description: "Controller's clock, ms since 1970" }),
  weightsChanged: Type.Boolean({ description: 'false: only CPU utilisation changed' }),
});

function keyOf({ namespace, pod }: ProxyStatus): Key {
  return [namespace, pod];
}

function byPod([namespace = '', pod = '']: Key, [otherNamespace = '', otherPod = '']: Key): number {
  if (namespace !== otherNamespace) return namespace < otherNamespace ? -1 : 1;
  return pod === otherPod ? 0 : pod < otherPod ? -1 : 1;
}

export function proxyRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/proxies',
      {
        schema: {
          summary: 'List the proxies with the version of the assignments that each uses, by namespace and pod',
          tags: ['state'],
          querystring: ProxyQuery,
          response: {
            200: Type.Object({
              version: Type.Integer({ minimum: 0, description: 'Newest published version; 0: none yet' }),
              at: Type.Number({ description: "Controller's clock now, ms since 1970" }),
              proxies: Type.Array(ProxyView),
              continue: Continue,
            }),
            400: Problem,
          },
        },
      },
      (request, reply) => {
        const now = state.clock.now();
        const { node: wanted } = request.query;
        const all = state.proxies().filter(({ node }) => wanted === undefined || node === wanted);
        const inOrder = all.toSorted((a, b) => byPod(keyOf(a), keyOf(b)));
        const page = pageOf(inOrder, keyOf, byPod, request.query);
        if (!page.ok) {
          sendProblem(reply, page.failure);
          return;
        }
        const decidedAt = new Map(state.published.history.map((entry) => [entry.version, entry.decidedAt]));
        const { items, ...next } = page.value;
        const proxies = items.map(({ lastSeen, ...proxy }) => {
          const decided = decidedAt.get(proxy.tableVersion);
          const tableAgeMs = decided === undefined ? null : Math.max(0, now - decided);
          return { ...proxy, tableAgeMs, heardAgeMs: Math.max(0, now - lastSeen) };
        });
        void reply.send({ version: state.published.version, at: now, proxies, ...next });
      },
    );

    app.get(
      '/api/v1/versions',
      {
        schema: {
          summary: 'List the last published versions, oldest first, and when each was decided',
          tags: ['state'],
          response: { 200: Type.Object({ versions: Type.Array(PublishedVersionView) }) },
        },
      },
      () => ({ versions: [...state.published.history] }),
    );
    done();
  };
}
