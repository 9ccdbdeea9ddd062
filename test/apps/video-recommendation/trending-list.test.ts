import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Answer, answered, refused } from '../../../apps/video-recommendation/http/answer.ts';
import type { Recommended } from '../../../apps/video-recommendation/http/recommendations.ts';
import { TrendingList } from '../../../apps/video-recommendation/ranking/trending-list.ts';

const EVERY_MS = 10_000;

function one(id: number): Answer<Recommended[]> {
  return answered([{ id, title: `Video ${id}`, author: '1', topic: 'Chess', seconds: 60 }]);
}

const down = refused(503, 'video-service cannot be reached');
let answers: Answer<Recommended[]>[];
let asked: number[];
let lines: string[];

function startList(): TrendingList {
  const list = new TrendingList(
    {
      fetch: async () => {
        asked.push(Date.now());
        return answers.shift() ?? down;
      },
      now: Date.now,
      log: (line) => lines.push(line),
    },
    EVERY_MS,
  );
  void list.start();
  return list;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  asked = [];
  lines = [];
});
afterEach(() => {
  vi.useRealTimers();
});

test('is fetched again and again', async () => {
  answers = [one(1), one(2)];
  const list = startList();
  expect(list.current).toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(list.current).toMatchObject({ videos: [{ id: 1 }], asOf: 0 });
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(list.current).toMatchObject({ videos: [{ id: 2 }], asOf: EVERY_MS });
});

test('stays what it was when it cannot be had, and is tried again sooner at first', async () => {
  answers = [one(1), down, down, down, one(2)];
  const list = startList();
  await vi.advanceTimersByTimeAsync(EVERY_MS + 1000);
  expect(list.current).toMatchObject({ videos: [{ id: 1 }], asOf: 0 });
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toEqual([0, 10_000, 10_500, 11_500, 13_500]);
  expect(list.current).toMatchObject({ videos: [{ id: 2 }], asOf: 13_500 });
});

test('says when it is renewed, and once for each outage that it is not', async () => {
  answers = [down, down, one(1), down, down, one(2)];
  const list = startList();
  await vi.advanceTimersByTimeAsync(EVERY_MS + 4000);
  list.stop();
  expect(lines).toEqual([
    'trending videos not renewed, there is no list: video-service cannot be reached',
    'trending videos renewed: 1 videos, the first is 1',
    'trending videos not renewed, the list of 1970-01-01T00:00:01.500Z stays: video-service cannot be reached',
    'trending videos renewed: 1 videos, the first is 2',
  ]);
});

test('is tried no less often than it is fetched', async () => {
  answers = [];
  startList();
  await vi.advanceTimersByTimeAsync(120_000);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, EVERY_MS]);
  expect(Math.max(...waits)).toBe(EVERY_MS);
});

test('is left alone once it is stopped', async () => {
  answers = [one(1)];
  const list = startList();
  await vi.advanceTimersByTimeAsync(0);
  list.stop();
  await vi.advanceTimersByTimeAsync(EVERY_MS * 3);
  expect(asked).toEqual([0]);
});
