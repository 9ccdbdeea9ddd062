import { expect, it } from 'vitest';
import { createLoop, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';

it('holds what was in force, for one service or all, until it expires or is taken back', () => {
  const test = createLoop(topologyOf(serviceTopology(), serviceTopology({ name: 'rate' })));
  const { loop, clock } = test;
  loop.start();
  runTraffic(test, 5);
  const { decision } = loop.state;
  loop.pauses.set({ service: 'hotel/geo', reason: 'a look' }, decision, clock.now());
  const all = loop.pauses.set({ expiresAt: clock.now() + 1_000 }, decision, clock.now());
  expect([...all.held.keys()]).toEqual(['hotel/geo', 'hotel/rate']);
  clock.advance(250);
  expect(loop.state.decision?.services.map(({ paused }) => paused?.reason ?? 'all')).toEqual(['a look', 'all']);
  clock.advance(1_000);
  expect(loop.state.decision?.services.map(({ paused }) => paused?.reason)).toEqual(['a look', undefined]);
  expect(loop.pauses.delete('hotel/geo')).toBe(true);
  expect(loop.pauses.delete('hotel/geo')).toBe(false);
  expect(loop.pauses.list(clock.now())).toEqual([]);
});

it('asked for again, it holds what it held', () => {
  const test = createLoop();
  const { loop, clock } = test;
  loop.start();
  runTraffic(test, 5);
  const first = loop.pauses.set({ service: 'hotel/geo' }, loop.state.decision, clock.now());
  clock.advance(1_000);
  const again = loop.pauses.set({ service: 'hotel/geo', reason: 'longer' }, loop.state.decision, clock.now());
  expect(again).toEqual({ ...first, reason: 'longer' });
});
