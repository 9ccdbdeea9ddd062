import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from './timeline.ts';

describe('virtual time', () => {
  it('runs events by time, and those of one instant in the order they were asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const timeline = new EventQueue();
        const ran: { at: number; asked: number }[] = [];
        times.forEach((seconds, asked) => {
          timeline.after(seconds, () => ran.push({ at: timeline.now, asked }));
        });
        timeline.runUntil(10);
        const expected = times.map((at, asked) => ({ at, asked })).toSorted((a, b) => a.at - b.at || a.asked - b.asked);
        expect(ran).toEqual(expected);
      }),
    );
  });

  it('stops before the end and goes on from there', () => {
    const timeline = new EventQueue();
    let ran = 0;
    const again = (): void => {
      ran++;
      timeline.after(1, again);
    };
    timeline.after(1, again);
    timeline.runUntil(3);
    expect([ran, timeline.now]).toEqual([2, 3]);
    timeline.runUntil(4.5);
    expect([ran, timeline.now]).toEqual([4, 4.5]);
  });

  it('refuses the past and what is no time', () => {
    expect(() => new EventQueue().after(-1, () => {})).toThrow(RangeError);
    expect(() => new EventQueue().after(Number.NaN, () => {})).toThrow(RangeError);
  });
});
