/**
 * Videos for a user: `GET /recommendations/{user}?limit=N`, the page about them, `/stats` and `/metrics`. If a service
 * that it calls fails, the answer is the trending videos, marked as stale.
 */
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { type TraceHeaders, traceHeaders } from '../../service/trace.ts';
import { type Addressing, placeOf } from '../dependencies/addressing.ts';
import { type CallSettings, Dependency } from '../dependencies/dependency.ts';
import { type Answer, answered, sendAnswer } from '../http/answer.ts';
import { MAX_VIDEOS, readLimit, readUser } from '../http/fields.ts';
import type { Recommendations } from '../http/recommendations.ts';
import { addPageRoutes } from '../page/routes.ts';
import { recommend, shownOf } from '../ranking/recommend.ts';
import { TrendingList } from '../ranking/trending-list.ts';
import { Served } from '../statistics/served.ts';
import { Traffic } from '../statistics/traffic.ts';
import { type Catalogue, sourcesOf, trendingOf } from './catalogue.ts';

export interface RecommendationSettings extends CallSettings {
  /** Name of this replica. */
  readonly pod: string;
  readonly addressing: Addressing;
  readonly maxBatchSize: number;
  readonly defaultLimit: number;
  /** Age at which the list of trending videos is renewed, ms. */
  readonly trendingMs: number;
  /** Receives a line each time that this list is renewed. */
  readonly log?: (line: string) => void;
}

const monotonic = (): number => performance.now();

/** Adds the routes and starts to renew the trending videos, which stops with the server. */
export function addRecommendationRoutes(server: FastifyInstance, settings: RecommendationSettings): void {
  const { pod, addressing, maxBatchSize, defaultLimit } = settings;
  const registry = new Registry();
  const traffic = new Traffic(registry, monotonic);
  const served = new Served(registry, monotonic);
  const open = (service: string): Dependency =>
    new Dependency(placeOf(service, addressing.namespace, addressing), settings, traffic);
  const catalogue: Catalogue = { users: open('user-service'), videos: open('video-service'), maxBatchSize };
  const trending = new TrendingList(
    {
      fetch: async () => {
        const answer = await trendingOf(catalogue, MAX_VIDEOS);
        return answer.ok ? answered(answer.value.map(shownOf)) : answer;
      },
      now: Date.now,
      log: (line) => settings.log?.(`${pod}: ${line}`),
    },
    settings.trendingMs,
  );

  async function answerFor(user: string, limit: number, trace: TraceHeaders): Promise<Answer<Recommendations>> {
    const ranked = await recommend(user, limit, sourcesOf(catalogue, trace));
    if (ranked.ok) return answered({ user, source: 'ranking', stale: false, videos: ranked.value });
    const { current } = trending;
    // An invalid request is not a failure of a service, and the trending list does not answer it.
    if (ranked.refusal.status < 500 || !current) return ranked;
    const asOf = new Date(current.asOf).toISOString();
    const videos = current.videos.slice(0, limit);
    return answered({ user, source: 'trending', stale: true, reason: ranked.refusal.message, asOf, videos });
  }

  server.get('/recommendations/:user', async (request, reply) => {
    const start = monotonic();
    const user = readUser(request.params);
    if (!user.ok) return sendAnswer(reply, user);
    const limit = readLimit(request.query, defaultLimit);
    if (!limit.ok) return sendAnswer(reply, limit);
    const answer = await answerFor(user.value, limit.value, traceHeaders(request.headers));
    const outcome = !answer.ok ? 'refused' : answer.value.stale ? 'trending' : 'ranked';
    served.record(outcome, monotonic() - start);
    return sendAnswer(reply, answer);
  });

  server.get('/stats', async () => ({
    replica: pod,
    connectionsPerService: settings.poolSize,
    served: served.snapshot(),
    trending: trending.current && {
      videos: trending.current.videos.length,
      ageSeconds: Math.round((Date.now() - trending.current.asOf) / 1000),
    },
    dependencies: traffic.snapshot(),
  }));

  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));

  addPageRoutes(server, { pod, addressing, calls: settings, traffic });

  void trending.start();
  server.addHook('onClose', async () => {
    trending.stop();
    await Promise.all([catalogue.users.close(), catalogue.videos.close()]);
  });
}
