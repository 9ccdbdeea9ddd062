/**
 * Keeps a copy of all objects of one kind: lists them once, then follows the changes, and comes back after whatever ends
 * that. Nobody gets events from it, only the word that something is different.
 *
 * How a watch ends, and what then: the server's time is up (every half minute, after a bookmark, so that the version to
 * go on from never grows old): go on. The connection breaks or is silent: go on, with back-off. The version is too old
 * (410), or it failed thrice in a row: list anew. The kind is not known (404): forget all, look again in a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import type { JoinProblem } from '../join.ts';
import { qualifiedName } from '../objects.ts';
import { ApiError, type KubernetesClient } from './client.ts';
import { linesOf } from './lines.ts';
import type { Resource } from './resources.ts';

const PAGE = 500;
const WATCH_SECONDS = 30;
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 5_000;
const FAILURES_BEFORE_LIST = 3;

/**
 * `listing`: nothing is known yet. `following`: up to date. `absent`: the cluster knows no such kind. `failing`: what is
 * known may be old.
 */
export type ReflectorState = 'listing' | 'following' | 'absent' | 'failing';

export interface ReflectorEvents {
  changed(): void;
  /** It went over to another state; `why` says what failed. */
  moved(state: ReflectorState, why?: string): void;
}

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: { readonly metadata?: { readonly resourceVersion?: unknown }; readonly code?: unknown };
}

interface Kept<T> {
  readonly value: T | undefined;
  readonly problem: JoinProblem | undefined;
  /** Equal for objects that are the same to us. */
  readonly content: string;
}

export class Reflector<T> {
  readonly #client: Pick<KubernetesClient, 'request' | 'stream'>;
  readonly #resource: Resource<T>;
  readonly #events: ReflectorEvents;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  #kept = new Map<string, Kept<T>>();
  #version: string | undefined;
  #state: ReflectorState = 'listing';
  #isListed = false;
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(
    client: Pick<KubernetesClient, 'request' | 'stream'>,
    resource: Resource<T>,
    events: ReflectorEvents,
    random: () => number = Math.random,
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#events = events;
    this.#random = random;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** It has seen all objects of its kind at some time. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get objects(): T[] {
    return [...this.#kept.values()].flatMap(({ value }) => value ?? []);
  }

  /** Objects that are not of the form that they should be; they are left out. */
  get problems(): JoinProblem[] {
    return [...this.#kept.values()].flatMap(({ problem }) => problem ?? []);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal);
        if (!(await this.#watch(signal))) await this.#wait(signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const status = error instanceof ApiError ? error.status : 0;
    this.#failures++;
    if (status === 410 || this.#failures >= FAILURES_BEFORE_LIST) this.#version = undefined;
    if (status === 404) {
      this.#version = undefined;
      if (this.#kept.size > 0) {
        this.#kept = new Map();
        this.#events.changed();
      }
      this.#move('absent');
    } else if (status !== 410) {
      if (this.#state === 'following' || this.#state === 'absent') this.#move('failing', describe(error));
      else if (this.#failures === 1) this.#events.moved(this.#state, describe(error));
    }
    await this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const wait = Math.min(LONGEST_WAIT_MS, 100 * 2 ** Math.max(0, this.#failures - 1));
    await sleep(wait * (0.5 + 0.5 * this.#random()), undefined, { signal }).catch(() => undefined);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { path, fieldSelector } = this.#resource;
    const listed = new Map<string, Kept<T>>();
    let page: string | undefined;
    let version: unknown;
    do {
      const query = { limit: PAGE, ...(page && { continue: page }), ...(fieldSelector && { fieldSelector }) };
      const list = (await this.#client.request('GET', path, { query, signal })) as {
        metadata?: { resourceVersion?: unknown; continue?: unknown };
        items?: unknown;
      };
      for (const item of Array.isArray(list.items) ? (list.items as unknown[]) : []) {
        const [key, kept] = this.#keep(item);
        listed.set(key, kept);
      }
      version = list.metadata?.resourceVersion;
      page = typeof list.metadata?.continue === 'string' ? list.metadata.continue : undefined;
    } while (page);
    const isNews =
      this.#state === 'listing' ||
      this.#state === 'absent' ||
      listed.size !== this.#kept.size ||
      [...listed].some(([key, { content }]) => this.#kept.get(key)?.content !== content);
    this.#kept = listed;
    this.#version = String(version ?? '');
    this.#failures = 0;
    this.#isListed = true;
    this.#move('following');
    if (isNews) this.#events.changed();
  }

  /** Follows until the server ends it; false when it said nothing until then, not even a bookmark. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const { path, fieldSelector } = this.#resource;
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: WATCH_SECONDS,
      resourceVersion: this.#version ?? '',
      ...(fieldSelector && { fieldSelector }),
    };
    const chunks = await this.#client.stream(path, { query, signal }, SILENCE_MS);
    this.#move('following');
    let heard = false;
    for await (const line of linesOf(chunks)) {
      this.#take(JSON.parse(line) as WatchEvent);
      this.#failures = 0;
      heard = true;
    }
    return heard;
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw new ApiError(Number(object?.code ?? 0), 'Watch', JSON.stringify(object));
    const version = object?.metadata?.resourceVersion;
    if (typeof version === 'string') this.#version = version;
    if (type === 'BOOKMARK') return;
    const [key, kept] = this.#keep(object);
    if (type === 'DELETED') {
      if (this.#kept.delete(key)) this.#events.changed();
      return;
    }
    const before = this.#kept.get(key);
    this.#kept.set(key, kept);
    if (before?.content !== kept.content) this.#events.changed();
  }

  /** The object without what nobody reads, checked. Objects in a list do not say what they are: it is added. */
  #keep(value: unknown): [key: string, kept: Kept<T>] {
    const { kind, apiVersion, keep, check } = this.#resource;
    const object = { apiVersion, kind, ...keep((value ?? {}) as Record<string, unknown>) };
    const { name, namespace } = (object as { metadata?: { name?: unknown; namespace?: unknown } }).metadata ?? {};
    const key = typeof namespace === 'string' ? `${namespace}/${String(name)}` : String(name);
    const content = JSON.stringify(object);
    if (check.Check(object)) return [key, { value: object, problem: undefined, content }];
    const text = describeFieldErrors(check.Errors(object), 'object');
    const problem = {
      kind,
      name: qualifiedName({ name: String(name), ...(typeof namespace === 'string' && { namespace }) }),
      text,
    };
    return [key, { value: undefined, problem, content }];
  }

  #move(state: ReflectorState, why?: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.moved(state, why);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
