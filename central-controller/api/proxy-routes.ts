/** Proxies with the version of the table that each uses, and the versions that were published. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ControllerState } from '../state.ts';
import { Age } from './state-routes.ts';

const ProxyView = Type.Object({
  node: Type.String(),
  namespace: Type.String(),
  pod: Type.String(),
  instance: Type.String({ description: 'One VM of the plugin; an Envoy has several' }),
  tableVersion: Type.Integer({ minimum: 0, description: 'Version in use; 0: none' }),
  tableSince: Type.Number({
    description: "When the controller first saw it use that version, controller's clock, ms since 1970",
  }),
  tableAgeMs: Type.Union([Age, Type.Null()], {
    description: 'Time since that version was decided; null: no longer known',
  }),
  heardAgeMs: Age,
  fallbacks: Type.Integer({ minimum: 0, description: 'Requests that the VM left to Istio since it started' }),
});

const PublishedVersionView = Type.Object({
  version: Type.Integer(),
  tick: Type.Integer(),
  decidedAt: Type.Number({ description: "Controller's clock, ms since 1970" }),
  weightsChanged: Type.Boolean({ description: 'false: only CPU utilisation changed' }),
});

export function proxyRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/proxies',
      {
        schema: {
          summary: 'List the proxies with the version of the table that each uses',
          tags: ['state'],
          response: {
            200: Type.Object({
              version: Type.Integer({ minimum: 0, description: 'Newest published version; 0: none yet' }),
              at: Type.Number({ description: "Controller's clock now, ms since 1970" }),
              proxies: Type.Array(ProxyView),
            }),
          },
        },
      },
      () => {
        const now = state.clock.now();
        const decidedAt = new Map(state.published.history.map((entry) => [entry.version, entry.decidedAt]));
        return {
          version: state.published.version,
          at: now,
          proxies: state.proxies().map(({ receivedAt, ...proxy }) => {
            const decided = decidedAt.get(proxy.tableVersion);
            const tableAgeMs = decided === undefined ? null : Math.max(0, now - decided);
            return { ...proxy, tableAgeMs, heardAgeMs: Math.max(0, now - receivedAt) };
          }),
        };
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
