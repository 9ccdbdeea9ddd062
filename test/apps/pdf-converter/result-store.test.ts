import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ResultStore, newResultId, replicaTag, tagOf } from '../../../apps/pdf-converter/results/result-store.ts';

const clock = { nowMs: 1, now: () => clock.nowMs };

/** Time of the store and its timers, on. */
function pass(ms: number): void {
  clock.nowMs += ms;
  vi.advanceTimersByTime(ms);
}

beforeEach(() => {
  vi.useFakeTimers();
  clock.nowMs = 1;
});
afterEach(() => vi.useRealTimers());

describe('results', () => {
  test('can be fetched until they expire, more than once, and do not live longer for that', () => {
    const store = new ResultStore({ keepSeconds: 60, maxResults: 10, maxBytes: 1000 }, clock);
    const pdf = new Uint8Array([1, 2, 3]);
    store.put('a', pdf);
    pass(59_999);
    expect(store.get('a')).toBe(pdf);
    expect(store.get('a')).toBe(pdf);
    pass(2);
    expect(store.get('a')).toBeUndefined();
  });

  test('give their memory back though nobody asks for them', () => {
    const store = new ResultStore({ keepSeconds: 60, maxResults: 10, maxBytes: 1000 }, clock);
    store.put('a', new Uint8Array(500));
    store.put('b', new Uint8Array(400));
    expect(store.held).toEqual({ results: 2, bytes: 900 });
    pass(60_002);
    expect(store.held).toEqual({ results: 0, bytes: 0 });
  });

  test('go, the oldest first, when there is no room, however often they were fetched', () => {
    const store = new ResultStore({ keepSeconds: 60, maxResults: 3, maxBytes: 1000 }, clock);
    for (const id of ['a', 'b', 'c']) store.put(id, new Uint8Array(100));
    expect(store.get('a')).toBeDefined();
    store.put('d', new Uint8Array(900));
    expect(['a', 'b', 'c', 'd'].filter((id) => store.get(id))).toEqual(['c', 'd']);
  });

  test('never exceed number and bytes, whatever comes; what was put last is there', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 400 }), waitMs: fc.integer({ min: 0, max: 30_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = new ResultStore({ keepSeconds: 60, maxResults: 5, maxBytes: 1000 }, clock);
        for (const [index, { bytes, waitMs }] of steps.entries()) {
          store.put(`${index}`, new Uint8Array(bytes));
          expect(store.get(`${index}`)).toHaveLength(bytes);
          const { results, bytes: held } = store.held;
          expect(results).toBeLessThanOrEqual(5);
          expect(held).toBeLessThanOrEqual(1000);
          pass(waitMs);
        }
      }),
    );
  });
});

describe('names of results', () => {
  test('are different for each, and name the replica without its address', () => {
    const tag = replicaTag('10.0.3.7:8080');
    const ids = new Set(Array.from({ length: 1000 }, () => newResultId(tag)));
    expect(ids.size).toBe(1000);
    for (const id of ids) {
      expect(tagOf(id)).toBe(tag);
      expect(id).not.toContain('10.0.3.7');
    }
    expect(replicaTag('10.0.3.8:8080')).not.toBe(tag);
  });

  test('are known from anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(tagOf(text)).toBeUndefined();
      }),
    );
    const id = newResultId(replicaTag('10.0.3.7:8080'));
    for (const wrong of [`${id}x`, id.slice(1), id.replace('.', '/'), `../${id}`, `${id}\n`]) {
      expect(tagOf(wrong), wrong).toBeUndefined();
    }
  });
});
