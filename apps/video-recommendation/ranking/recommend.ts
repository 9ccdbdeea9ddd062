/** From a user's number to videos: asks for the user, for those subscribed to, for the candidates, and ranks these. */
import type { User } from '../data/users.ts';
import type { Video } from '../data/videos.ts';
import { type Answer, type Refusal, answered, refused } from '../http/answer.ts';
import type { Recommended } from '../http/recommendations.ts';
import { type RatedCandidate, rank } from './rank.ts';

export interface Candidate {
  readonly video: number;
  /** How many of those the user subscribes to like it. */
  readonly votes: number;
}

/** What those the user subscribes to like and the user does not yet, the most liked first, of equal ones the lowest number. */
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

/** More than that are not looked at, however many subscriptions a user has. */
const MAX_CANDIDATES = 200;

/** Where users and videos come from, each in the order that was asked for. */
export interface Sources {
  users(ids: readonly number[]): Promise<Answer<readonly User[]>>;
  videos(ids: readonly number[]): Promise<Answer<readonly Video[]>>;
}

/** What is shown of a video. */
export function shownOf({ id, title, author, topic, seconds }: Video): Recommended {
  return { id, title, author, topic, seconds };
}

/** Users and videos that are named by our own services exist: one that is not there is a failure of theirs. */
function asFailure(answer: { readonly ok: false; readonly refusal: Refusal }): Answer<never> {
  const { status, message } = answer.refusal;
  return refused(status === 404 ? 502 : status, message);
}

/** The best videos for a user; 404 where there is no such user, else a refusal is one of the sources'. */
export async function recommend(id: number, limit: number, sources: Sources): Promise<Answer<Recommended[]>> {
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
