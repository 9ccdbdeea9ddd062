import { expect, it } from 'vitest';
import { ManualWeights } from '../../../central-controller/overrides/manual-weights.ts';

const geo = { namespace: 'hotel', service: 'geo' };

it('holds weights set by hand until they expire', () => {
  const manual = new ManualWeights();
  manual.set({ ...geo, replica: 'geo-0', weight: 0.6, expiresAt: 1_000 }, 0);
  manual.set({ ...geo, replica: 'geo-1', weight: 0.4, expiresAt: 2_000 }, 0);
  expect(manual.list(999)).toHaveLength(2);
  expect(manual.list(1_000).map(({ replica }) => replica)).toEqual(['geo-1']);
  expect(manual.delete({ ...geo, replica: 'geo-1' })).toBe(true);
  expect(manual.delete({ ...geo, replica: 'geo-1' })).toBe(false);
});

it('never gives the replicas of one service more than all of its requests', () => {
  const manual = new ManualWeights();
  manual.set({ ...geo, replica: 'geo-0', weight: 0.6, expiresAt: 1_000 }, 0);
  const over = { ...geo, replica: 'geo-1', weight: 0.5, expiresAt: 1_000 };
  expect(manual.set(over, 0)).toMatchObject({ ok: false, failure: { code: 'INVALID_REQUEST' } });
  expect(manual.list(0)).toHaveLength(1);
  expect(manual.set({ ...over, service: 'rate' }, 0).ok).toBe(true);
  expect(manual.set({ ...geo, replica: 'geo-0', weight: 1, expiresAt: 1_000 }, 0).ok).toBe(true);
  expect(manual.set(over, 1_000).ok).toBe(true);
});
