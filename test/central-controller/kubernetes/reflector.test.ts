import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ApiError, type ApiRequest } from '../../../central-controller/kubernetes/client.ts';
import { linesOf } from '../../../central-controller/kubernetes/lines.ts';
import {
  Reflector,
  type ReflectorState,
  type ReflectorTime,
} from '../../../central-controller/kubernetes/reflector.ts';
import { RESOURCES } from '../../../central-controller/kubernetes/resources.ts';
import { SOON } from '../../support/soon.ts';

/** The shortest pauses. */
const QUICK: ReflectorTime = { now: () => performance.now(), sleep: (ms) => sleep(ms), random: () => 0 };

interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly annotations?: object };
}

function item(name: string, resourceVersion: string, annotations = {}): Item {
  return { metadata: { name, resourceVersion, annotations } };
}

/** An API server that answers each request by the next of its answers, and keeps the last watch open. */
class Api {
  readonly asked: string[] = [];
  readonly #lists: (readonly Item[] | ApiError)[] = [];
  readonly #watches: (readonly object[] | ApiError)[] = [];
  #version = 100;

  lists(...answers: (readonly Item[] | ApiError)[]): this {
    this.#lists.push(...answers);
    return this;
  }

  /** Each is the events of one watch, which then ends. */
  watches(...answers: (readonly object[] | ApiError)[]): this {
    this.#watches.push(...answers);
    return this;
  }

  request(_method: string, path: string, request: ApiRequest = {}): Promise<unknown> {
    const answer = this.#lists.shift();
    this.asked.push(`list ${path}`);
    if (answer === undefined) return waitFor(request.signal);
    if (answer instanceof ApiError) return Promise.reject(answer);
    return Promise.resolve({ metadata: { resourceVersion: String(this.#version++) }, items: answer });
  }

  stream(_path: string, { query, signal }: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    this.asked.push(`watch ${String(query?.['resourceVersion'])}`);
    const answer = this.#watches.shift();
    if (answer === undefined) return waitFor(signal);
    if (answer instanceof ApiError) return Promise.reject(answer);
    async function* chunks() {
      await Promise.resolve();
      for (const event of answer as readonly object[]) yield Buffer.from(`${JSON.stringify(event)}\n`);
    }
    return Promise.resolve(chunks());
  }
}

function waitFor(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
}

function follow(api: Api) {
  const states: ReflectorState[] = [];
  const changed = vi.fn();
  const events = { changed, moved: (state: ReflectorState) => states.push(state) };
  const reflector = new Reflector(api, RESOURCES.nodes, events, QUICK);
  onTestFinished(() => reflector.close());
  reflector.start();
  const names = () => reflector.objects.map(({ metadata }) => metadata.name);
  return { reflector, states, changed, names };
}

const added = (object: Item) => ({ type: 'ADDED', object });
const modified = (object: Item) => ({ type: 'MODIFIED', object });
const deleted = (object: Item) => ({ type: 'DELETED', object });
const bookmark = (resourceVersion: string) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });

test('follows from where the list, an event or a bookmark ended', async () => {
  const api = new Api()
    .lists([item('a', '1')])
    .watches([added(item('b', '101')), deleted(item('a', '102'))], [bookmark('140')]);
  const { names } = follow(api);
  await vi.waitFor(() => expect(api.asked).toHaveLength(4), SOON);
  expect(api.asked).toEqual(['list /api/v1/nodes', 'watch 100', 'watch 102', 'watch 140']);
  expect(names()).toEqual(['b']);
});

test('lists anew when the version is too old, by status or by event, and drops what is gone', async () => {
  const gone = new ApiError(410, 'Expired', 'too old');
  const api = new Api()
    .lists([item('a', '1'), item('b', '1')], [item('b', '1')], [item('c', '2')])
    .watches(gone, [{ type: 'ERROR', object: { code: 410 } }]);
  const { names, states } = follow(api);
  await vi.waitFor(() => expect(names()).toEqual(['c']), SOON);
  await vi.waitFor(() => expect(api.asked.at(-1)).toBe('watch 102'), SOON);
  expect(states).toEqual(['following']);
});

test('keeps what it has while the server cannot be reached, and lists anew after the third failure', async () => {
  const refused = new ApiError(0, '', 'connect ECONNREFUSED');
  const api = new Api().lists([item('a', '1')], refused, [item('a', '1')]).watches(refused, refused, refused);
  const { names, states } = follow(api);
  await vi.waitFor(() => expect(states).toEqual(['following', 'failing', 'following']), SOON);
  expect(api.asked.filter((one) => one.startsWith('watch'))).toHaveLength(4);
  expect(names()).toEqual(['a']);
});

test('a kind that is not known is forgotten, and looked for again', async () => {
  const unknown = new ApiError(404, 'NotFound', 'the server could not find the requested resource');
  const api = new Api().lists([item('a', '1')], unknown, [item('b', '9')]).watches(unknown);
  const { names, states, changed } = follow(api);
  await vi.waitFor(() => expect(states).toEqual(['following', 'absent', 'following']), SOON);
  expect(names()).toEqual(['b']);
  expect(changed).toHaveBeenCalledTimes(3);
});

test('tells of a change only where it is in a field that is read', async () => {
  const heartbeat = modified(item('a', '102', { heard: 'now' }));
  const api = new Api().lists([item('a', '1')]).watches([heartbeat, heartbeat, bookmark('103')]);
  const { changed } = follow(api);
  await vi.waitFor(() => expect(api.asked).toContain('watch 103'), SOON);
  expect(changed).toHaveBeenCalledTimes(1);
});

test('an object of another form is left out and named', async () => {
  const api = new Api().lists([item('a', '1'), item('', '1'), { metadata: undefined } as unknown as Item]);
  const { reflector, names } = follow(api);
  await vi.waitFor(() => expect(names()).toEqual(['a']), SOON);
  expect(reflector.problems.map(({ text }) => text)).toEqual([
    expect.stringContaining('metadata.name'),
    expect.stringContaining('metadata'),
  ]);
});

test('lines come whole, however the bytes are cut', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n{"b":1}\nrest');
  async function* single() {
    await Promise.resolve();
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  expect(await Array.fromAsync(linesOf(single()))).toEqual(['{"a":"ü"}', '{"b":1}']);
});
