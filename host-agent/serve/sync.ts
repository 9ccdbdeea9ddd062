/**
 * Answers proxies that say which services they want: with the blocks of those that differ from what the proxy holds, at
 * once or as soon as there are some. Pure but for the answers; time is passed.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { ProxySync } from '../../contract/proxy-sync.ts';
import { encodeSyncAnswer, wireUtilisation } from '../../contract/sync-answer.ts';
import type { Change, HeldAssignments } from '../uplink/held-assignments.ts';
import type { Interest } from './interest.ts';
import { LongPolls, type Waiter } from './long-polls.ts';
import type { ServiceBlocks } from './service-blocks.ts';

/** No request waits longer, whatever it asks for. */
const MAX_HOLD_MS = 20_000;
/** Taken off the validity of an answer: the time that it takes to its proxy. */
const TRANSIT_MS = 100;

export interface SyncPorts {
  readonly held: HeldAssignments;
  readonly blocks: ServiceBlocks;
  readonly interest: Interest;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Proxies want services that no proxy wanted before. */
  readonly onNewInterest: () => void;
}

/** What becomes of a request: it was answered, or waits until it is answered or cancelled, or is one too many. */
export type Taken = 'answered' | 'refused' | { readonly cancel: () => void };

export class SyncAnswers {
  readonly #ports: SyncPorts;
  readonly #polls: LongPolls;
  /** By VM: it has one request that waits, and a new one takes its place. */
  readonly #waiting = new Map<string, Waiter>();

  /** @param limit of requests that wait at the same time */
  constructor(ports: SyncPorts, limit: number) {
    this.#ports = ports;
    this.#polls = new LongPolls(limit);
  }

  /** Requests that wait. */
  get size(): number {
    return this.#polls.size;
  }

  /** Takes the request of the VM that speaks for its proxy. `answer` is called once, unless the request is cancelled. */
  take(message: ProxySync, answer: (bytes: Buffer) => void): Taken {
    const { interest, now, onNewInterest } = this.#ports;
    const pod = qualifiedName({ namespace: message.namespace, name: message.pod });
    const vm = `${pod}/${message.instance}`;
    this.#waiting.get(vm)?.unchanged();
    const keys: string[] = [];
    const versions: number[] = [];
    for (const { key, version, wanted } of message.services) {
      if (!wanted) continue;
      keys.push(key);
      versions.push(version);
    }
    const isFresh = message.epoch === 0 && !message.hasTable;
    const { remembered, isMore } = interest.update({ pod, instance: message.instance, keys, isFresh }, now());
    if (isMore) onNewInterest();
    const request: Request = { message, pod, keys, versions, remembered };
    const atOnce = this.#news(request);
    if (atOnce !== undefined) {
      answer(atOnce);
      return 'answered';
    }
    const end = (bytes: Buffer): void => {
      forget();
      answer(bytes);
    };
    const forget = (): void => {
      this.#polls.remove(waiter);
      if (this.#waiting.get(vm) === waiter) this.#waiting.delete(vm);
    };
    const waiter: Waiter = {
      until: now() + Math.min(message.holdMs, MAX_HOLD_MS),
      keys: remembered.length === 0 ? keys : [...keys, ...remembered],
      changed: () => {
        const news = this.#news(request);
        if (news !== undefined) end(news);
        return news !== undefined;
      },
      unchanged: () => end(this.#noNews(request)),
    };
    if (!this.#polls.add(waiter)) return 'refused';
    this.#waiting.set(vm, waiter);
    return { cancel: forget };
  }

  /** A line changed the assignments. */
  changed({ services, opened }: Change): void {
    if (opened) this.#polls.releaseAll();
    else this.#polls.release(services.keys());
  }

  /** The assignments expired: proxies leave all requests to Istio. */
  expired(): void {
    this.#polls.releaseAll();
  }

  tick(): void {
    this.#polls.tick(this.#ports.now());
  }

  /** Answers all that wait, so that the proxies come to the agent that follows. */
  close(): void {
    this.#polls.tick(Infinity);
  }

  /** What the request is to be answered now; undefined: it waits. */
  #news(request: Request): Buffer | undefined {
    const { held, blocks, interest } = this.#ports;
    const { message, pod, keys, versions, remembered } = request;
    if (held.version === 0) return undefined;
    if (held.validUntil === undefined) {
      const usesSome = message.hasTable || message.services.some(({ version }) => version > 0);
      return usesSome ? this.#encode(request, { complete: true }) : undefined;
    }
    const isSameEpoch = message.epoch === blocks.epoch;
    // What a proxy holds of the agent before this one is better than nothing, until all of it can be replaced.
    if (!isSameEpoch && message.hasTable && !keys.every((key) => held.isKnown(key))) return undefined;
    const news = keys.filter((key, index) => {
      const version = blocks.versionOf(key);
      return version !== undefined && (!isSameEpoch || version !== versions[index]);
    });
    const old = remembered.filter((key) => held.isKnown(key));
    if (news.length === 0 && old.length === 0) {
      if (isSameEpoch || keys.length === 0) interest.isCurrent(pod);
      return undefined;
    }
    const remember = old.map((key) => blocks.blockOf(key));
    return this.#encode(
      request,
      { complete: !isSameEpoch },
      [...news.map((key) => blocks.blockOf(key)), ...remember],
      new Set(remember),
    );
  }

  /** The answer at the end of the wait: what the proxy holds is good for longer. */
  #noNews(request: Request): Buffer {
    const { held, blocks } = this.#ports;
    const isExpired = held.version > 0 && held.validUntil === undefined;
    const hasOther = request.message.epoch !== blocks.epoch && request.keys.length > 0;
    return this.#encode(request, { complete: isExpired, unknown: !isExpired && (held.version === 0 || hasOther) });
  }

  #encode(
    { pod }: Request,
    flags: { readonly complete: boolean; readonly unknown?: boolean },
    news: readonly Buffer[] = [],
    remembered: ReadonlySet<Buffer> = new Set(),
  ): Buffer {
    const { held, blocks, now } = this.#ports;
    const header = {
      epoch: blocks.epoch,
      validForMs: (held.validUntil ?? 0) - now() - TRANSIT_MS,
      complete: flags.complete,
      unknown: flags.unknown ?? false,
      cpuUtilisation: wireUtilisation(held.utilisationOf(pod)),
    };
    return encodeSyncAnswer(header, news, remembered);
  }
}

interface Request {
  readonly message: ProxySync;
  readonly pod: string;
  readonly keys: readonly string[];
  /** The version held of each key, within the epoch of the message. */
  readonly versions: readonly number[];
  /** What the pod wanted before its proxy restarted, and the proxy does not name. */
  readonly remembered: readonly string[];
}
