import { describe, expect, it } from 'vitest';
import { queueingDelay } from '../../../central-controller/estimate/queueing-delay.ts';

describe('queueingDelay', () => {
  it('is exact for one server: u / (1 - u)', () => {
    expect(queueingDelay(0.5, 1)).toBeCloseTo(1, 12);
    expect(queueingDelay(0.8, 1)).toBeCloseTo(4, 12);
  });

  it('is within a tenth of the M/M/2 queue from half load on: u^2 / (1 - u^2)', () => {
    for (const u of [0.5, 0.7, 0.9]) {
      const exact = u ** 2 / (1 - u ** 2);
      expect(Math.abs(queueingDelay(u, 2) - exact)).toBeLessThan(0.1 * exact);
    }
  });
});
