/**
 * Which services each proxy of the node wants, and their union. A proxy names all of them in every request, so what is
 * lost with this process comes back by itself. Pure; time is passed.
 */

/** A proxy asks every 20 s at the latest; what it wanted is kept for a pod whose proxy restarts. */
const REMEMBERED_MS = 600_000;
/** A proxy that has been silent for longer uses no table that counts. */
const SILENT_MS = 30_000;
/** Proxies of one node; the one that has been silent for longest goes first. */
const MAX_PROXIES = 4000;

interface Proxy {
  instance: string;
  keys: ReadonlySet<string>;
  lastSeen: number;
  /** The controller's version of the assignments that it is left behind at; undefined: it holds the newest. */
  behindAt: number | undefined;
}

/** What a proxy says of itself. */
export interface Wants {
  /** `<namespace>/<pod>` */
  readonly pod: string;
  readonly instance: string;
  readonly keys: readonly string[];
  /** It holds no table at all, as after a start. */
  readonly isFresh: boolean;
}

interface Noted {
  /** What the pod wanted before its proxy restarted, and the proxy does not name. */
  readonly remembered: readonly string[];
  /** Some service was wanted by no proxy before. */
  readonly isMore: boolean;
}

export class Interest {
  /** Those silent for longest first. */
  readonly #proxies = new Map<string, Proxy>();
  readonly #holders = new Map<string, Set<Proxy>>();

  /** The services that some proxy wants. */
  get wanted(): Iterable<string> {
    return this.#holders.keys();
  }

  get size(): number {
    return this.#holders.size;
  }

  /** Takes note of what a proxy wants. What is remembered stays wanted until the next request of the proxy. */
  update({ pod, instance, keys, isFresh }: Wants, now: number): Noted {
    const known = this.#proxies.get(pod);
    if (known?.instance === instance && known.keys.size === keys.length && keys.every((key) => known.keys.has(key))) {
      known.lastSeen = now;
      this.#proxies.delete(pod);
      this.#proxies.set(pod, known);
      return { remembered: [], isMore: false };
    }
    const wanted = new Set(keys);
    const remembered =
      known !== undefined && isFresh && known.instance !== instance
        ? [...known.keys].filter((key) => !wanted.has(key))
        : [];
    for (const key of remembered) wanted.add(key);
    const proxy: Proxy = { instance, keys: wanted, lastSeen: now, behindAt: known === undefined ? 0 : known.behindAt };
    this.#proxies.delete(pod);
    this.#proxies.set(pod, proxy);
    const isMore = [...wanted].filter((key) => this.#hold(key, proxy)).length > 0;
    if (known !== undefined) this.#release(known);
    for (const [oldest, silent] of this.#proxies) {
      if (this.#proxies.size <= MAX_PROXIES && now - silent.lastSeen <= REMEMBERED_MS) break;
      this.#proxies.delete(oldest);
      this.#release(silent);
    }
    return { remembered, isMore };
  }

  /** The proxy holds the newest version of all that it wants. */
  isCurrent(pod: string): void {
    const proxy = this.#proxies.get(pod);
    if (proxy !== undefined) proxy.behindAt = undefined;
  }

  /** Services changed: whoever wants them has the controller's version from before, until it asks again. */
  changed(keys: Iterable<string>, versionBefore: number): void {
    for (const key of keys) {
      for (const proxy of this.#holders.get(key) ?? []) proxy.behindAt ??= versionBefore;
    }
  }

  /** The controller's version that every proxy uses, where the newest one is `held`. */
  used(held: number, now: number): number {
    let used = held;
    for (const { behindAt = held, lastSeen } of this.#proxies.values()) {
      if (now - lastSeen <= SILENT_MS) used = Math.min(used, behindAt);
    }
    return used;
  }

  /** The controller's version that one proxy uses; 0: none. */
  usedBy(pod: string, held: number): number {
    const proxy = this.#proxies.get(pod);
    return proxy === undefined ? 0 : (proxy.behindAt ?? held);
  }

  /** True when no proxy held it before. */
  #hold(key: string, proxy: Proxy): boolean {
    const holders = this.#holders.get(key);
    holders?.add(proxy);
    if (holders === undefined) this.#holders.set(key, new Set([proxy]));
    return holders === undefined;
  }

  #release(proxy: Proxy): void {
    for (const key of proxy.keys) {
      const holders = this.#holders.get(key);
      holders?.delete(proxy);
      if (holders?.size === 0) this.#holders.delete(key);
    }
  }
}
