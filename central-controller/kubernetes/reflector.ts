/**
 * Keeps a copy of all objects of one kind: lists them once, then follows the changes. Listeners get no events, only the
 * word that something changed.
 *
 * A watch can end in these ways. The server's time is up (every half minute, after a bookmark, so that the known version
 * never grows old): watch again. The connection breaks or is silent: watch again, with back-off. The version is too old
 * (410), or three requests failed in a row: list again. The kind does not exist (404): forget everything, list again
 * after a wait. A list that succeeds between watches that fail does not reset the back-off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { qualifiedName } from '../../contract/names.ts';
import type { ObjectProblem } from './objects.ts';
import { ApiError, type KubernetesClient } from './client.ts';
import { linesOf } from './lines.ts';
import type { Resource } from './resources.ts';
import { LASTING_MS, WatchBackoff } from './watch-backoff.ts';

const PAGE = 500;
const WATCH_SECONDS = 30;
const SILENCE_MS = 40_000;

/** `listing`: no list yet. `following`: up to date. `absent`: the cluster has no such kind. `failing`: the copy may be old. */
export type ReflectorState = 'listing' | 'following' | 'absent' | 'failing';

export interface ReflectorEvents {
  changed(): void;
  /** The state changed; `why` says what failed. */
  moved(state: ReflectorState, why?: string): void;
}

/** Clock and random numbers. */
export interface ReflectorTime {
  /** ms; any clock that does not step. */
  now(): number;
  /** Ends early without an error on the signal. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

const SYSTEM_TIME: ReflectorTime = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  random: Math.random,
};

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: { readonly metadata?: { readonly resourceVersion?: unknown }; readonly code?: unknown };
}

interface Kept<T> {
  readonly value: T | undefined;
  readonly problem: ObjectProblem | undefined;
  /** Equal for objects whose kept fields are equal. */
  readonly content: string;
}

export class Reflector<T> {
  readonly #client: Pick<KubernetesClient, 'request' | 'stream'>;
  readonly #resource: Resource<T>;
  readonly #events: ReflectorEvents;
  readonly #time: ReflectorTime;
  readonly #backoff: WatchBackoff;
  readonly #abort = new AbortController();
  #kept = new Map<string, Kept<T>>();
  #version: string | undefined;
  #state: ReflectorState = 'listing';
  #isListed = false;
  #running: Promise<void> | undefined;

  constructor(
    client: Pick<KubernetesClient, 'request' | 'stream'>,
    resource: Resource<T>,
    events: ReflectorEvents,
    time: ReflectorTime = SYSTEM_TIME,
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#events = events;
    this.#time = time;
    this.#backoff = new WatchBackoff(() => time.random());
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** All objects were listed at least once. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get objects(): T[] {
    return [...this.#kept.values()].flatMap(({ value }) => value ?? []);
  }

  /** Faults of objects: each costs an optional field, or the object. */
  get problems(): ObjectProblem[] {
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
        if (!(await this.#watch(signal))) await this.#time.sleep(this.#backoff.brief(), signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { status, retryAfterMs } = error instanceof ApiError ? error : { status: 0, retryAfterMs: 0 };
    // During a list, 410 means that the next page came too late: a failure like any other.
    const isTooOld = status === 410 && this.#version !== undefined;
    const pause = isTooOld ? this.#backoff.tooOld() : this.#backoff.failed(retryAfterMs);
    if (isTooOld || this.#backoff.isListDue) this.#version = undefined;
    if (status === 404) {
      this.#version = undefined;
      if (this.#kept.size > 0) {
        this.#kept = new Map();
        this.#events.changed();
      }
      this.#move('absent');
    } else if (!isTooOld) {
      if (this.#state === 'following' || this.#state === 'absent') this.#move('failing', describe(error));
      else if (this.#backoff.failures === 1) this.#events.moved(this.#state, describe(error));
    }
    await this.#time.sleep(pause, signal);
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
    this.#backoff.listed();
    this.#isListed = true;
    this.#move('following');
    if (isNews) this.#events.changed();
  }

  /** Watches until the server ends it; false when that was soon. */
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
    const openedAt = this.#time.now();
    const hasLasted = () => this.#time.now() - openedAt >= LASTING_MS;
    let hasReceived = false;
    try {
      for await (const line of linesOf(chunks)) {
        this.#take(JSON.parse(line) as WatchEvent);
        this.#backoff.received();
        hasReceived = true;
      }
    } finally {
      if (hasLasted()) this.#backoff.lasted();
    }
    // Such a watch delivers nothing: treat it as failed.
    if (!hasReceived && !hasLasted()) throw new ApiError(0, '', 'the watch was over at once');
    return hasLasted();
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

  /** Checks the kept fields of an object. Objects in a list have no kind: it is added. */
  #keep(value: unknown): [key: string, kept: Kept<T>] {
    const { kind, apiVersion, keep, read } = this.#resource;
    const object = { apiVersion, kind, ...keep((value ?? {}) as Record<string, unknown>) };
    const { name, namespace } = (object as { metadata?: { name?: unknown; namespace?: unknown } }).metadata ?? {};
    const named = { name: String(name), ...(typeof namespace === 'string' && { namespace }) };
    const key = qualifiedName(named);
    const content = JSON.stringify(object);
    const { value: known, faults } = read(object);
    const problem = faults.length === 0 ? undefined : { kind, name: key, text: faults.join('; ') };
    return [key, { value: known, problem, content }];
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
