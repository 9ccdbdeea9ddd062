/** Requests from the recommendation service to the other two, in batches of the size that they accept. */
import type { TraceHeaders } from '../../service/trace.ts';
import type { User } from '../data/users.ts';
import type { Video } from '../data/videos.ts';
import type { Dependency } from '../dependencies/dependency.ts';
import { type Answer, answered, refused } from '../http/answer.ts';
import type { Sources } from '../ranking/recommend.ts';

export interface Catalogue {
  readonly users: Dependency;
  readonly videos: Dependency;
  readonly maxBatchSize: number;
}

/** A list in a field of an answer of our own services. Its items are assumed to have the documented form. */
async function list<T>(from: Dependency, path: string, field: string, trace: TraceHeaders): Promise<Answer<T[]>> {
  const answer = await from.get(path, trace);
  if (!answer.ok) return answer;
  const { body } = answer.value;
  const items: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
  return Array.isArray(items) ? answered(items as T[]) : refused(502, `${path.split('?', 1)[0]}: answered no ${field}`);
}

/** Sources for one request. Every call repeats its trace headers. */
export function sourcesOf({ users, videos, maxBatchSize }: Catalogue, trace: TraceHeaders): Sources {
  return {
    users: (ids) =>
      askInBatches(ids, maxBatchSize, (batch) =>
        list<User>(users, `/users?ids=${batch.map(encodeURIComponent).join(',')}`, 'users', trace),
      ),
    videos: (ids) =>
      askInBatches(ids, maxBatchSize, (batch) =>
        list<Video>(videos, `/videos?ids=${batch.join(',')}`, 'videos', trace),
      ),
  };
}

export async function trendingOf({ videos }: Catalogue, limit: number): Promise<Answer<Video[]>> {
  return list<Video>(videos, `/trending?limit=${limit}`, 'videos', {});
}

/** Batches in order, none empty, none larger than `size`. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  return batches;
}

/** Sends all batches at once. Returns all answers in order, or the first refusal. */
export async function askInBatches<Id, T>(
  ids: readonly Id[],
  size: number,
  ask: (batch: readonly Id[]) => Promise<Answer<readonly T[]>>,
): Promise<Answer<T[]>> {
  const answers = await Promise.all(inBatches(ids, size).map(ask));
  const found: T[] = [];
  for (const answer of answers) {
    if (!answer.ok) return answer;
    found.push(...answer.value);
  }
  return answered(found);
}
