/**
 * Videos: `GET /videos?ids=1,2` -> `{videos}` in the given order; `GET /trending?limit=10` -> `{videos}`, the most
 * watched of this hour first.
 */
import type { FastifyInstance } from 'fastify';
import { isVideo, trendingVideos, videoAt } from '../data/videos.ts';
import { refused, sendAnswer } from '../http/answer.ts';
import { MAX_VIDEOS, readLimit, readVideoIds } from '../http/fields.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_TRENDING = 20;

/** @param now ms since 1970 */
export function addVideoRoutes(server: FastifyInstance, maxBatchSize: number, now: () => number): void {
  const hourNow = (): number => Math.floor(now() / HOUR_MS);
  let trending = { hour: -1, ids: [] as readonly number[] };

  server.get('/videos', async (request, reply) => {
    const ids = readVideoIds(request.query, maxBatchSize);
    if (!ids.ok) return sendAnswer(reply, ids);
    const unknown = ids.value.find((id) => !isVideo(id));
    if (unknown !== undefined) return sendAnswer(reply, refused(404, `ids: there is no video ${unknown}`));
    const hour = hourNow();
    return { videos: ids.value.map((id) => videoAt(id, hour)) };
  });

  server.get('/trending', async (request, reply) => {
    const limit = readLimit(request.query, DEFAULT_TRENDING);
    if (!limit.ok) return sendAnswer(reply, limit);
    const hour = hourNow();
    if (trending.hour !== hour) trending = { hour, ids: trendingVideos(hour, MAX_VIDEOS) };
    return { videos: trending.ids.slice(0, limit.value).map((id) => videoAt(id, hour)) };
  });
}
