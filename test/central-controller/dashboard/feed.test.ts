import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decision } from './decisions.ts';
import { type FeedState, loadPageModule } from './page-modules.ts';

const { follow } = await loadPageModule('feed');

/** An event source that a test controls. */
class FakeSource {
  readonly #listeners = new Map<string, (event: { data: string }) => void>();
  closed = false;

  addEventListener(event: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(event, listener);
  }

  emit(event: string, data = ''): void {
    this.#listeners.get(event)?.({ data });
  }

  close(): void {
    this.closed = true;
  }
}

function start(): { sources: FakeSource[]; states: FeedState[]; ticks: number[]; newest: () => FakeSource } {
  const sources: FakeSource[] = [];
  const states: FeedState[] = [];
  const ticks: number[] = [];
  const newest = () => {
    const source = sources.at(-1);
    if (!source) throw new Error('nothing was opened');
    return source;
  };
  follow({
    open(address) {
      expect(address).toBe('/api/v1/stream?intervalMs=1000&maxReplicas=1500');
      sources.push(new FakeSource());
      return newest();
    },
    onDecision: ({ tick }) => ticks.push(tick),
    onState: (state) => states.push(state),
  });
  return { sources, states, ticks, newest };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the feed', () => {
  test('passes decisions on', () => {
    const { newest, states, ticks } = start();
    newest().emit('open');
    newest().emit('decision', JSON.stringify(decision({ tick: 7 })));
    newest().emit('decision', JSON.stringify(decision({ tick: 8 })));
    expect(ticks).toEqual([7, 8]);
    expect(states).toEqual(['waiting', 'live']);
  });

  test('opens the stream again after each error, and closes the old one', () => {
    const { sources, newest, states } = start();
    newest().emit('error');
    expect(sources[0]?.closed).toBe(true);
    vi.advanceTimersByTime(2000);
    expect(sources).toHaveLength(2);
    newest().emit('error');
    vi.advanceTimersByTime(2000);
    newest().emit('open');
    newest().emit('decision', JSON.stringify(decision()));
    expect(sources).toHaveLength(3);
    expect(states).toEqual(['unreachable', 'waiting', 'live']);
  });

  test('becomes silent if an open stream sends no decisions', () => {
    const { newest, states } = start();
    newest().emit('open');
    newest().emit('decision', JSON.stringify(decision()));
    vi.advanceTimersByTime(4000);
    expect(states.at(-1)).toBe('live');
    vi.advanceTimersByTime(3000);
    expect(states.at(-1)).toBe('silent');
    newest().emit('decision', JSON.stringify(decision()));
    expect(states.at(-1)).toBe('live');
  });
});
