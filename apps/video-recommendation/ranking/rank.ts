/**
 * Orders candidates for a user by their likeness to what the user likes, by how many subscriptions like them and by
 * their popularity, and then varies the top of the list (maximal marginal relevance, Carbonell and Goldstein, SIGIR
 * 1998). Pure.
 */
import type { Video } from '../data/videos.ts';

/** Weights of the terms of the relevance. They sum to 1, and each term is between 0 and 1. */
const WEIGHT = { taste: 0.35, nearest: 0.35, votes: 0.15, heat: 0.15 };
/** Number of liked videos, the most similar to a candidate, that count for it. */
const NEAREST = 3;
/** Weight of the relevance against being different from the videos chosen before. */
const RELEVANCE_WEIGHT = 0.7;

export interface RatedCandidate {
  readonly video: Video;
  readonly votes: number;
}

export interface Ranked {
  readonly video: Video;
  /** Relevance from 0 to 1. */
  readonly score: number;
  /** The most similar liked video; undefined for a user who likes none. */
  readonly because: Video | undefined;
}

interface Rated extends Ranked {
  /** Likeness to the most similar video chosen so far. */
  taken: number;
}

/** The cosine of two vectors of length 1, from -1 to 1. */
export function likeness(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis++) sum += (a[axis] ?? 0) * (b[axis] ?? 0);
  return sum;
}

/** A cosine as a term of the relevance: 0 for orthogonal or opposite vectors. */
function positive(cosine: number): number {
  return Math.min(1, Math.max(0, cosine));
}

/** Direction of the mean of the vectors; all 0 if there are none. */
function meanDirection(vectors: readonly (readonly number[])[]): number[] {
  const sum = (vectors[0] ?? []).map((_, axis) => vectors.reduce((total, vector) => total + (vector[axis] ?? 0), 0));
  const norm = Math.sqrt(likeness(sum, sum));
  return norm === 0 ? sum : sum.map((component) => component / norm);
}

/** At most `limit` candidates, the best first. */
export function rank(liked: readonly Video[], candidates: readonly RatedCandidate[], limit: number): Ranked[] {
  const taste = meanDirection(liked.map(({ features }) => features));
  const mostVotes = Math.max(1, ...candidates.map(({ votes }) => votes));
  const mostViews = Math.max(1, ...candidates.map(({ video }) => video.hourlyViews));
  const left = candidates.map(({ video, votes }): Rated => {
    const alike = liked
      .map((other) => ({ other, cosine: likeness(other.features, video.features) }))
      .toSorted((a, b) => b.cosine - a.cosine)
      .slice(0, NEAREST);
    const nearest = alike.reduce((sum, { cosine }) => sum + positive(cosine), 0) / Math.max(1, alike.length);
    const score =
      WEIGHT.taste * positive(likeness(taste, video.features)) +
      WEIGHT.nearest * nearest +
      WEIGHT.votes * (votes / mostVotes) +
      WEIGHT.heat * (Math.log1p(video.hourlyViews) / Math.log1p(mostViews));
    return { video, score, because: alike[0]?.other, taken: 0 };
  });
  return chooseVaried(left, limit);
}

/** Moves candidates from `left` to the result one by one, each relevant and different from those before. */
function chooseVaried(left: Rated[], limit: number): Ranked[] {
  const chosen: Ranked[] = [];
  while (chosen.length < limit) {
    const worth = ({ score, taken }: Rated): number => RELEVANCE_WEIGHT * score - (1 - RELEVANCE_WEIGHT) * taken;
    let best = 0;
    for (const [index, rated] of left.entries()) {
      const against = left[best];
      if (against && worth(rated) > worth(against)) best = index;
    }
    const [next] = left.splice(best, 1);
    if (!next) break;
    chosen.push({ video: next.video, score: next.score, because: next.because });
    for (const rated of left) {
      rated.taken = Math.max(rated.taken, positive(likeness(rated.video.features, next.video.features)));
    }
  }
  return chosen;
}
