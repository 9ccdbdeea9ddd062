/** How often a reflector asks an API server that refuses, on a clock that only its own pauses and watches move. */
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ApiError, type ApiRequest } from '../../../central-controller/kubernetes/client.ts';
import { Reflector, type ReflectorState } from '../../../central-controller/kubernetes/reflector.ts';
import { RESOURCES } from '../../../central-controller/kubernetes/resources.ts';
import { SOON } from '../../support/soon.ts';

const MINUTE_MS = 60_000;
const BOOKMARK = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2"}}}\n';
const TOO_OLD = '{"type":"ERROR","object":{"code":410}}\n';

/** The course of one watch: it is refused, or it lasts a given time, sends these events, and ends or breaks. */
type Watch = ApiError | { readonly lastsMs?: number; readonly lines?: string; readonly breaks?: ApiError };
/** What one list answers, page by page. */
type List = ApiError | 'whole' | 'expires';

/** Answers each request by the next of its answers and any further one by the last, until a time of its clock. */
class Scene {
  now = 0;
  readonly asked: { readonly what: 'list' | 'watch'; readonly at: number }[] = [];
  readonly states: ReflectorState[] = [];
  readonly #untilMs: number;
  readonly #lists: List[];
  readonly #watches: Watch[];
  readonly #over = Promise.withResolvers<void>();

  constructor(untilMs: number, answers: { readonly lists?: readonly List[]; readonly watches: readonly Watch[] }) {
    this.#untilMs = untilMs;
    this.#lists = [...(answers.lists ?? ['whole'])];
    this.#watches = [...answers.watches];
  }

  async run(): Promise<this> {
    const events = { changed: () => undefined, moved: (state: ReflectorState) => this.states.push(state) };
    const time = {
      now: () => this.now,
      sleep: (ms: number, signal: AbortSignal) => this.#pass(ms, signal).catch(() => undefined),
      random: () => 0.5,
    };
    const reflector = new Reflector(this, RESOURCES.nodes, events, time);
    onTestFinished(() => reflector.close());
    reflector.start();
    await this.#over.promise;
    return this;
  }

  times(what: 'list' | 'watch'): number[] {
    return this.asked.filter((each) => each.what === what).map(({ at }) => at);
  }

  async request(_method: string, _path: string, { query, signal }: ApiRequest = {}): Promise<unknown> {
    const isFirstPage = query?.['continue'] === undefined;
    if (isFirstPage) this.asked.push({ what: 'list', at: this.now });
    await this.#pass(1, signal);
    const [answer] = this.#lists;
    if (answer === 'expires' && isFirstPage) return { metadata: { continue: 'more' }, items: [] };
    if (this.#lists.length > 1) this.#lists.shift();
    if (answer === 'expires') throw new ApiError(410, 'Expired', 'the continue token is too old');
    if (answer instanceof ApiError) throw answer;
    return { metadata: { resourceVersion: '1' }, items: [] };
  }

  async stream(_path: string, { signal }: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    this.asked.push({ what: 'watch', at: this.now });
    await this.#pass(1, signal);
    const [answer] = this.#watches;
    if (this.#watches.length > 1) this.#watches.shift();
    if (answer === undefined || answer instanceof ApiError) throw answer ?? new Error('no answer');
    return this.#chunks(answer, signal);
  }

  async *#chunks({ lastsMs = 0, lines, breaks }: Exclude<Watch, ApiError>, signal?: AbortSignal) {
    await this.#pass(lastsMs, signal);
    if (lines !== undefined) yield Buffer.from(lines);
    if (breaks) throw breaks;
  }

  /** Beyond the end nothing goes on any more. */
  async #pass(ms: number, signal?: AbortSignal): Promise<void> {
    this.now += ms;
    await setImmediate();
    if (this.now < this.#untilMs) return;
    this.#over.resolve();
    if (!signal?.aborted) await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    throw new Error('aborted');
  }
}

const gone = new ApiError(410, 'Expired', 'too old');
const forbidden = new ApiError(403, 'Forbidden', 'cannot watch');

test.each<[string, Watch, number]>([
  ['forbidden', forbidden, 6],
  ['too many requests', new ApiError(429, 'TooManyRequests', 'later'), 6],
  ['no answer', new ApiError(0, '', 'connect ECONNREFUSED'), 6],
  ['over at once without a word', {}, 6],
  ['too old, though the list was new', gone, 18],
  ['too old by an event', { lines: TOO_OLD }, 18],
  ['too old by an event after another one', { lines: BOOKMARK + TOO_OLD }, 18],
])('watches that fail while lists succeed cost few lists: %s', async (_, watch, mostAMinute) => {
  const scene = await new Scene(10 * MINUTE_MS, { watches: [watch] }).run();
  expect(scene.times('list').filter((at) => at > MINUTE_MS).length).toBeLessThanOrEqual(9 * mostAMinute);
  expect(scene.times('list').filter((at) => at > MINUTE_MS).length).toBeGreaterThan(9);
  // The first ones come fast, as it may be over soon.
  expect(scene.times('watch').filter((at) => at < 1000).length).toBeGreaterThan(2);
  expect(scene.times('watch').filter((at) => at > MINUTE_MS).length).toBeLessThanOrEqual(9 * 20);
});

test('watches that are soon over are not asked for without a pause', async () => {
  const scene = await new Scene(MINUTE_MS, { watches: [{ lines: BOOKMARK }] }).run();
  expect(scene.times('watch').length).toBeLessThanOrEqual(20 * 60);
  expect(scene.times('list')).toHaveLength(1);
});

test('a list that expires between its pages is not begun anew without end', async () => {
  const scene = await new Scene(10 * MINUTE_MS, { lists: ['expires'], watches: [forbidden] }).run();
  expect(scene.times('list').filter((at) => at > MINUTE_MS).length).toBeLessThanOrEqual(9 * 20);
});

test('a version that has become too old is followed by a list at once', async () => {
  const watches = [{ lastsMs: 30_000, lines: BOOKMARK }, gone, { lastsMs: 30_000, lines: BOOKMARK }];
  const scene = await new Scene(2 * MINUTE_MS, { watches }).run();
  const [, again = NaN] = scene.times('list');
  const [, refused = NaN] = scene.times('watch');
  expect(again - refused).toBeLessThan(5);
  expect(scene.times('list')).toHaveLength(2);
  expect(scene.states).toEqual(['following']);
});

test.each<[string, Watch]>([
  ['said something', { lines: BOOKMARK }],
  ['stayed up', { lastsMs: 20_000 }],
  ['stayed up and broke', { lastsMs: 20_000, breaks: new ApiError(0, '', 'silent') }],
])('the back-off begins anew after a watch that %s', async (_, works) => {
  const many = Array.from({ length: 20 }, () => forbidden);
  const scene = await new Scene(10 * MINUTE_MS, { watches: [...many, works, ...many] }).run();
  const at = scene.times('watch');
  const pauses = at.map((time, index) => time - (at[index - 1] ?? 0));
  expect(pauses[20]).toBeGreaterThan(3000);
  expect(pauses[22]).toBeLessThan(500);
  expect(pauses[40]).toBeGreaterThan(3000);
});

test.each(['list', 'watch'] as const)(
  'a %s is not asked for again before the server wants to be asked',
  async (what) => {
    const busy = new ApiError(429, 'TooManyRequests', 'later', { retryAfterMs: 20_000 });
    const answers = what === 'list' ? { lists: [busy], watches: [forbidden] } : { watches: [busy] };
    const scene = await new Scene(10 * MINUTE_MS, answers).run();
    const at = scene.times(what);
    expect(at.length).toBeGreaterThan(10);
    for (const [index, time] of at.slice(1).entries()) expect(time - (at[index] ?? 0)).toBeGreaterThanOrEqual(20_000);
  },
);

test('a list that is refused is tried every few seconds', async () => {
  const scene = await new Scene(10 * MINUTE_MS, { lists: [forbidden], watches: [forbidden] }).run();
  const { length } = scene.times('list').filter((at) => at > MINUTE_MS);
  expect(length).toBeGreaterThan(9 * 10);
  expect(length).toBeLessThanOrEqual(9 * 20);
  await vi.waitFor(() => expect(scene.states).toEqual(['listing']), SOON);
});
