/** Recommends videos to a user: fetches the user, the subscriptions and the candidates, and ranks the candidates. */
import type { User } from '../data/users.ts';
import type { Video } from '../data/videos.ts';
import { type Answer, type Refusal, answered, refused } from '../http/answer.ts';
import type { Recommended } from '../http/recommendations.ts';
import { type RatedCandidate, rank } from './rank.ts';

export interface Candidate {
  readonly video: number;
  /** Number of the user's subscriptions that like it. */
  readonly votes: number;
}

/** Videos that the user's subscriptions like and the user does not: the most liked first, then the lowest number. */
export function chooseCandidates(user: User, subscribedTo: readonly User[], atMost: number): Candidate[] {
  const known = new Set(user.likedVideos);
  const votes = new Map<number, number>();
  for (const { likedVideos } of subscribedTo) {
    for (const video of likedVideos) if (!known.has(video)) votes.set(video, (votes.get(video) ?? 0) + 1);
  }
  return [...votes]
    .map(([video, count]) => ({ video, votes: count }))
    .toSorted((a, b) => b.votes - a.votes || a.video - b.video)
    .slice(0, atMost);
}

/** Maximum number of candidates, however many subscriptions a user has. */
const MAX_CANDIDATES = 200;

/** Port. Users and videos by their ids, in the order of the ids. */
export interface Sources {
  users(ids: readonly string[]): Promise<Answer<readonly User[]>>;
  videos(ids: readonly number[]): Promise<Answer<readonly Video[]>>;
}

/** The public fields of a video. */
export function shownOf({ id, title, author, topic, seconds }: Video): Recommended {
  return { id, title, author, topic, seconds };
}

/** A 404 for a user or video that our own services named is a failure of these services. */
function asFailure(answer: { readonly ok: false; readonly refusal: Refusal }): Answer<never> {
  const { status, message } = answer.refusal;
  return refused(status === 404 ? 502 : status, message);
}

/** The best videos for a user; 404 if there is no such user. Any other refusal comes from the sources. */
export async function recommend(id: string, limit: number, sources: Sources): Promise<Answer<Recommended[]>> {
  const asked = await sources.users([id]);
  if (!asked.ok) return asked.refusal.status === 404 ? refused(404, `user: there is no user ${id}`) : asked;
  const [user] = asked.value;
  if (!user) return refused(502, `the user service answered without user ${id}`);
  const subscribedTo = await sources.users(user.subscribedTo);
  if (!subscribedTo.ok) return asFailure(subscribedTo);

  const candidates = chooseCandidates(user, subscribedTo.value, MAX_CANDIDATES);
  const found = await sources.videos([...user.likedVideos, ...candidates.map(({ video }) => video)]);
  if (!found.ok) return asFailure(found);
  const videos = new Map(found.value.map((video) => [video.id, video]));
  const liked = user.likedVideos.flatMap((video) => videos.get(video) ?? []);
  const rated = candidates.flatMap(({ video, votes }): RatedCandidate[] => {
    const details = videos.get(video);
    return details ? [{ video: details, votes }] : [];
  });
  return answered(
    rank(liked, rated, limit).map(({ video, score, because }) => ({
      ...shownOf(video),
      score: Math.round(score * 1000) / 1000,
      ...(because && { because: because.title }),
    })),
  );
}
