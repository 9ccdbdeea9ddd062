/**
 * Plugins of the version before: they fetch the table of everything by long poll (`GET /v1/table`) and post statistics by
 * themselves (`POST /v1/statistics`). To be removed with the next version.
 */
import type { ServerResponse } from 'node:http';
import { secondsInBuckets } from '../../contract/latency-buckets.ts';
import { decodeProxyStatistics } from '../../contract/proxy-statistics.ts';
import type { ProxySync } from '../../contract/proxy-sync.ts';
import type { ProxyCounters } from '../../contract/report.ts';
import type { Result } from '../../contract/result.ts';
import { LongPolls, type Waiter } from './long-polls.ts';
import { answerProblem } from './problem.ts';
import type { Table, TableStore } from './table-store.ts';

/** A poll without news is answered 304 after this. */
const HOLD_MS = 20_000;
/** Polls come every 20 s: with none for so long there is no such plugin left on the node. */
const GONE_MS = 60_000;

export class OldPlugins {
  readonly #table: TableStore;
  readonly #now: () => number;
  readonly #polls: LongPolls;
  readonly #limit: number;
  readonly #appeared: () => void;
  /** Version of the table that each pod uses, and when it said so. */
  readonly #used = new Map<string, { readonly version: number; readonly at: number }>();
  #polledAt = -Infinity;

  /**
   * @param limit of polls that wait at the same time
   * @param appeared there is such a plugin on the node, and was none before
   */
  constructor(table: TableStore, now: () => number, limit: number, appeared: () => void) {
    this.#table = table;
    this.#now = now;
    this.#limit = limit;
    this.#appeared = appeared;
    this.#polls = new LongPolls(limit);
  }

  get waiting(): number {
    return this.#polls.size;
  }

  /** Some proxy of the node has such a plugin, and wants everything. */
  get isPresent(): boolean {
    return this.#now() - this.#polledAt <= GONE_MS;
  }

  /** The controller's version that all such proxies use, where the newest one is `held`. */
  usedVersion(held: number): number {
    let used = held;
    for (const [pod, { version, at }] of this.#used) {
      if (this.#now() - at > GONE_MS) this.#used.delete(pod);
      else used = Math.min(used, version);
    }
    return used;
  }

  /** The table's version rose: every poll is answered. */
  push(): void {
    this.#polls.releaseAll();
  }

  tick(): void {
    this.#polls.tick(this.#now());
  }

  close(): void {
    this.#polls.tick(Infinity);
  }

  poll(query: URLSearchParams, response: ServerResponse): void {
    const held = query.get('version') ?? '0';
    if (!/^\d{1,20}$/.test(held)) {
      return answerProblem(response, { code: 'INVALID_REQUEST', message: 'version: must be a whole number' });
    }
    const now = this.#now();
    const isNew = !this.isPresent;
    this.#polledAt = now;
    if (isNew) this.#appeared();
    const table = this.#table.table(now);
    // Another version, not a higher one: the proxy may hold that of an agent which is no more.
    if (table !== undefined && String(table.version) !== held) return answerTable(response, table);
    const waiter: Waiter = {
      until: now + HOLD_MS,
      keys: undefined,
      changed: () => {
        const current = this.#table.table(this.#now());
        if (current === undefined) answerUnchanged(response);
        else answerTable(response, current);
        return true;
      },
      unchanged: () => answerUnchanged(response),
    };
    if (!this.#polls.add(waiter)) {
      return answerProblem(response, { code: 'INVALID_REQUEST', message: `more than ${this.#limit} polls wait` }, 503);
    }
    response.on('close', () => this.#polls.remove(waiter));
    return undefined;
  }

  /** Reads a post. The controller counts its own versions, and knows nothing of the tables that agents make of them. */
  read(body: Buffer): Result<ProxyCounters> {
    const decoded = decodeProxyStatistics(body);
    if (!decoded.ok) return decoded;
    const { namespace, pod } = decoded.value;
    const version = this.#table.assignmentOf(decoded.value.tableVersion);
    this.#used.set(`${namespace}/${pod}`, { version, at: this.#now() });
    return { ok: true, value: { ...decoded.value, tableVersion: version } };
  }
}

function answerTable(response: ServerResponse, table: Table): void {
  response.writeHead(200, [
    'content-type',
    'application/octet-stream',
    'content-length',
    String(table.bytes.length),
    'x-ballast-assignment',
    String(table.assignment),
  ]);
  response.end(table.bytes);
}

function answerUnchanged(response: ServerResponse): void {
  response.writeHead(304);
  response.end();
}

/** What such a plugin counted, in the form in which newer ones send it. */
export function syncOf(counters: ProxyCounters): ProxySync {
  const { namespace, pod, instance, sequence, fallbacks, tableVersion, served, called } = counters;
  return {
    namespace,
    pod,
    instance,
    sequence,
    fallbacks,
    epoch: 0,
    holdMs: 0,
    hasTable: tableVersion > 0,
    complete: false,
    services: [],
    served: served && { ...served, unreached: 0, answered: sumOf(served.latencyBuckets) },
    called: called.map((record) => ({
      ...record,
      answered: sumOf(record.latencyBuckets),
      latencySeconds: secondsInBuckets(record.latencyBuckets),
    })),
    faults: [],
  };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
