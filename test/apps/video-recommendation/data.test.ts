import { describe, expect, test } from 'vitest';
import { hourlyViews } from '../../../apps/video-recommendation/data/heat.ts';
import { DIMENSIONS } from '../../../apps/video-recommendation/data/topics.ts';
import { UserDirectory, USERS } from '../../../apps/video-recommendation/data/users.ts';
import { trendingVideos, videoAt, VIDEOS, videoTopic } from '../../../apps/video-recommendation/data/videos.ts';
import { likeness } from '../../../apps/video-recommendation/ranking/rank.ts';

const HOUR = 490_000;
const directory = new UserDirectory();
const users = Array.from({ length: 300 }, (_, index) => directory.user(String(1 + index * 16)));

describe('users', () => {
  test('are the same in every process', () => {
    expect(new UserDirectory().user('17')).toEqual(directory.user('17'));
  });

  test('exist from 1 to the last', () => {
    const ids = ['0', '1', '01', String(USERS), String(USERS + 1)];
    expect(ids.map((id) => directory.has(id))).toEqual([false, true, false, true, false]);
  });

  test('may have any name, and two names are two users', () => {
    const names = ['alice', 'bob', 'Alice', 'a1', '7f3c9d52-0c1e-4b1e-9d0a-5a4f0e9d7c11'];
    const named = names.map((id) => directory.user(id));
    expect(names.every((id) => directory.has(id))).toBe(true);
    expect(named.map(({ id }) => id)).toEqual(names);
    expect(named.map(({ likedVideos }) => likedVideos)).toEqual(
      names.map((id) => new UserDirectory().user(id).likedVideos),
    );
    expect(new Set(named.map(({ likedVideos }) => likedVideos.join())).size).toBe(names.length);
    for (const { subscribedTo } of named) expect(subscribedTo.every((other) => directory.has(other))).toBe(true);
  });

  test('subscribe to others, and like videos that there are, none twice', () => {
    for (const { id, subscribedTo, likedVideos } of users) {
      expect(subscribedTo.length).toBeGreaterThanOrEqual(5);
      expect(likedVideos.length).toBeGreaterThanOrEqual(8);
      expect(new Set(subscribedTo).size).toBe(subscribedTo.length);
      expect(new Set(likedVideos).size).toBe(likedVideos.length);
      expect(subscribedTo.every((other) => directory.has(other) && other !== id)).toBe(true);
      expect(likedVideos.every((video) => video >= 1 && video <= VIDEOS)).toBe(true);
    }
  });

  test('like one topic more than any other', () => {
    const shares = users.map(({ likedVideos }) => {
      const counts = Map.groupBy(likedVideos, videoTopic);
      return Math.max(...[...counts.values()].map((videos) => videos.length)) / likedVideos.length;
    });
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeGreaterThan(0.5);
  });
});

describe('videos', () => {
  const videos = Array.from({ length: 400 }, (_, index) => videoAt(1 + index * 25, HOUR));

  test('have features of length 1', () => {
    for (const { features } of videos) {
      expect(features).toHaveLength(DIMENSIONS);
      expect(likeness(features, features)).toBeCloseTo(1, 1);
    }
  });

  test('are more like others of their topic than like the rest', () => {
    const mean = (of: number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length;
    const pairs = videos.flatMap((a, index) => videos.slice(index + 1).map((b) => ({ a, b })));
    const cosine = ({ a, b }: (typeof pairs)[number]): number => likeness(a.features, b.features);
    const same = pairs.filter(({ a, b }) => a.topic === b.topic).map(cosine);
    const other = pairs.filter(({ a, b }) => a.topic !== b.topic).map(cosine);
    expect(mean(same)).toBeGreaterThan(mean(other) + 0.3);
  });

  test('trend by their views in the hour', () => {
    const trending = trendingVideos(HOUR, 50);
    expect(new Set(trending).size).toBe(50);
    const views = trending.map((video) => hourlyViews(video, HOUR));
    expect(views).toEqual(views.toSorted((a, b) => b - a));
    expect(trendingVideos(HOUR, 10)).toEqual(trending.slice(0, 10));
    expect(trendingVideos(HOUR + 12, 50)).not.toEqual(trending);
  });
});
