/** Which videos come into question for a user. Pure. */
import type { User } from '../data/users.ts';

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
