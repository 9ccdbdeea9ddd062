import { expect, test } from 'vitest';
import { Wishes } from '../../../host-agent/uplink/wishes.ts';

test('less is noticed after half a minute, more is not less', () => {
  const proxies = { wanted: ['a', 'b'], wantsAll: false };
  const clock = { now: 0 };
  const wishes = new Wishes(proxies, () => clock.now);
  expect(wishes.take()).toEqual({ all: false, services: new Set(['a', 'b']) });
  proxies.wanted = ['a'];
  clock.now = 29_999;
  expect(wishes.areFewer()).toBe(false);
  clock.now = 30_000;
  expect(wishes.areFewer()).toBe(true);
  wishes.take();
  proxies.wanted = ['a', 'c'];
  clock.now = 60_000;
  expect(wishes.areFewer()).toBe(false);
});

test('all is more than some', () => {
  const proxies = { wanted: ['a'], wantsAll: true };
  const clock = { now: 0 };
  const wishes = new Wishes(proxies, () => clock.now);
  expect(wishes.take().all).toBe(true);
  proxies.wantsAll = false;
  clock.now = 30_000;
  expect(wishes.areFewer()).toBe(true);
});
