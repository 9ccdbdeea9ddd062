import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { User } from '../../../apps/video-recommendation/data/users.ts';
import type { Video } from '../../../apps/video-recommendation/data/videos.ts';
import { answered, refused } from '../../../apps/video-recommendation/http/answer.ts';
import { askInBatches, inBatches } from '../../../apps/video-recommendation/services/catalogue.ts';
import { chooseCandidates, recommend } from '../../../apps/video-recommendation/ranking/recommend.ts';
import { rank } from '../../../apps/video-recommendation/ranking/rank.ts';

function video(id: number, features: readonly number[], hourlyViews = 100): Video {
  return { id, title: `Video ${id}`, author: '1', topic: 'Chess', seconds: 60, hourlyViews, features };
}

function user(number: number, likedVideos: readonly number[], subscribedTo: readonly string[] = []): User {
  const id = String(number);
  return { id, name: `User ${id}`, likedVideos, subscribedTo };
}

const ids = fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 300 });
const sizes = fc.integer({ min: 1, max: 60 });

describe('batches', () => {
  test('hold everything in order, none more than the size, none nothing', () => {
    fc.assert(
      fc.property(ids, sizes, (items, size) => {
        const batches = inBatches(items, size);
        expect(batches.flat()).toEqual(items);
        expect(batches.every(({ length }) => length >= 1 && length <= size)).toBe(true);
        expect(batches).toHaveLength(Math.ceil(items.length / size));
      }),
    );
  });

  test('come back in order, whichever is answered first', async () => {
    await fc.assert(
      fc.asyncProperty(ids, sizes, fc.scheduler(), async (items, size, scheduler) => {
        const asked = askInBatches(items, size, (batch) => scheduler.schedule(Promise.resolve(answered([...batch]))));
        await scheduler.waitIdle();
        expect(await asked).toEqual(answered(items));
      }),
    );
  });

  test('are refused as a whole when one is', async () => {
    const answer = await askInBatches([1, 2, 3], 1, async ([id]) => (id === 2 ? refused(503, 'no') : answered([id])));
    expect(answer).toEqual(refused(503, 'no'));
  });
});

describe('candidates', () => {
  test('are what others like and the user does not yet, the most liked first', () => {
    const others = [user(2, [10, 11, 12]), user(3, [11, 12, 13]), user(4, [12])];
    expect(chooseCandidates(user(1, [13]), others, 10)).toEqual([
      { video: 12, votes: 3 },
      { video: 11, votes: 2 },
      { video: 10, votes: 1 },
    ]);
    expect(chooseCandidates(user(1, []), others, 2).map((each) => each.video)).toEqual([12, 11]);
  });

  test('are never known to the user, never more than asked for', () => {
    fc.assert(
      fc.property(ids, fc.array(ids, { maxLength: 20 }), fc.nat(50), (known, liked, atMost) => {
        const chosen = chooseCandidates(
          user(1, known),
          liked.map((videos, index) => user(2 + index, [...new Set(videos)])),
          atMost,
        );
        expect(chosen.length).toBeLessThanOrEqual(atMost);
        for (const { video: id, votes } of chosen) {
          expect(known).not.toContain(id);
          expect(votes).toBe(liked.filter((videos) => videos.includes(id)).length);
        }
      }),
    );
  });
});

describe('ranking', () => {
  const liked = [video(1, [1, 0, 0]), video(2, [0.8, 0.6, 0])];
  const near = video(10, [0.98, 0.2, 0]);
  const far = video(11, [0, 0, 1]);
  const opposite = video(12, [-1, 0, 0]);

  test('puts what is like the liked videos first, and says which one', () => {
    const ranked = rank(
      liked,
      [opposite, far, near].map((each) => ({ video: each, votes: 1 })),
      3,
    );
    expect(ranked[0]?.video).toBe(near);
    expect(ranked[0]?.because).toBe(liked[0]);
  });

  test('prefers what more subscriptions like, and what is watched more', () => {
    const [twin, other] = [video(20, [0, 1, 0]), video(21, [0, 1, 0])];
    const byVotes = rank(
      liked,
      [
        { video: twin, votes: 1 },
        { video: other, votes: 5 },
      ],
      2,
    );
    expect(byVotes[0]?.video).toBe(other);
    const watched = video(22, [0, 1, 0], 90_000);
    const byViews = rank(
      liked,
      [
        { video: twin, votes: 1 },
        { video: watched, votes: 1 },
      ],
      2,
    );
    expect(byViews[0]?.video).toBe(watched);
  });

  test('does not show the same twice in a row while something else is nearly as good', () => {
    const copies = [30, 31, 32].map((id) => video(id, [0.8, 0.6, 0]));
    const different = video(33, [0.96, -0.28, 0]);
    const ranked = rank(
      liked,
      [...copies, different].map((each) => ({ video: each, votes: 1 })),
      2,
    );
    expect(ranked.map((each) => each.video.id)).toEqual([30, 33]);
  });

  test('ranks by votes and views for a user who likes nothing yet', () => {
    const ranked = rank(
      [],
      [
        { video: near, votes: 1 },
        { video: far, votes: 2 },
      ],
      5,
    );
    expect(ranked.map((each) => [each.video.id, each.because])).toEqual([
      [11, undefined],
      [10, undefined],
    ]);
  });

  test('gives as many as asked for, none twice, with scores from 0 to 1', () => {
    const component = fc.double({ min: -1, max: 1, noNaN: true });
    const direction = fc.tuple(component, component, component).map((vector) => {
      const norm = Math.hypot(...vector);
      return norm === 0 ? [1, 0, 0] : vector.map((each) => each / norm);
    });
    const directions = fc.array(direction, { maxLength: 30 });
    fc.assert(
      fc.property(directions, directions, fc.integer({ min: 1, max: 40 }), (of, among, limit) => {
        const candidates = among.map((features, index) => ({ video: video(100 + index, features), votes: index % 4 }));
        const ranked = rank(
          of.map((features, index) => video(index, features)),
          candidates,
          limit,
        );
        expect(ranked).toHaveLength(Math.min(limit, candidates.length));
        expect(new Set(ranked.map((each) => each.video.id)).size).toBe(ranked.length);
        for (const { score } of ranked) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });
});

describe('recommend', () => {
  const known = new Map([user(1, [1], ['2']), user(2, [10, 11])].map((each) => [each.id, each]));
  const videos = new Map([video(1, [1, 0]), video(10, [0, 1]), video(11, [1, 0])].map((each) => [each.id, each]));
  const sources = {
    users: async (asked: readonly string[]) =>
      asked.every((id) => known.has(id))
        ? answered(asked.flatMap((id) => known.get(id) ?? []))
        : refused(404, 'ids: there is no user'),
    videos: async (asked: readonly number[]) => answered(asked.flatMap((id) => videos.get(id) ?? [])),
  };

  test('shows what comes of it', async () => {
    const answer = await recommend('1', 1, sources);
    expect(answer).toEqual(
      answered([{ id: 11, title: 'Video 11', author: '1', topic: 'Chess', seconds: 60, score: 1, because: 'Video 1' }]),
    );
  });

  test('refuses a user that there is not', async () => {
    expect(await recommend('7', 1, sources)).toEqual(refused(404, 'user: there is no user 7'));
  });

  test.each([
    ['an unknown subscription', { users: sources.users, videos: sources.videos }, '3'],
    ['an unknown video', { ...sources, videos: async () => refused(404, 'ids: there is no video 10') }, '1'],
    ['no user at all', { ...sources, users: async () => answered([]) }, '1'],
  ])('takes %s for a failure of the service', async (_, broken, id) => {
    known.set('3', user(3, [1], ['99']));
    const answer = await recommend(id, 1, broken);
    expect(answer).toMatchObject({ ok: false, refusal: { status: 502 } });
  });
});
