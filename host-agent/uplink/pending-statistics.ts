/** Statistics of the node's proxies on their way to the controller: the newest of each VM until it is delivered. */
import { qualifiedName } from '../../contract/names.ts';
import type { ProxyCounters } from '../../contract/report.ts';

interface Entry {
  readonly key: string;
  readonly sequence: number;
  readonly at: number;
  /** Written once when they come, so that neither a report nor its repetition has to. */
  readonly json: string;
}

/** Statistics handed out for one report. */
export type Batch = readonly Entry[];

export interface PendingLimits {
  readonly instances: number;
  /** Of all that is held, in characters of JSON. */
  readonly total: number;
  /** Of one report: the rest goes with the next. */
  readonly perReport: number;
  /** What a VM said longer ago than this and nobody took is dropped, ms. */
  readonly ageMs: number;
}

export const PENDING_LIMITS: PendingLimits = {
  instances: 4000,
  total: 16 * 1024 * 1024,
  perReport: 768 * 1024,
  ageMs: 30_000,
};

export class PendingStatistics {
  #limits: PendingLimits;
  /** Oldest first. */
  #entries = new Map<string, Entry>();
  #total = 0;
  #dropped = 0;

  constructor(limits: PendingLimits = PENDING_LIMITS) {
    this.#limits = limits;
  }

  /** How many were given up undelivered: too old, or more than there is room for. */
  get dropped(): number {
    return this.#dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  accept(counters: ProxyCounters, now: number): void {
    const key = `${qualifiedName({ namespace: counters.namespace, name: counters.pod })}/${counters.instance}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (known.sequence > counters.sequence) return;
      this.#remove(known);
    }
    const entry = { key, sequence: counters.sequence, at: now, json: JSON.stringify(counters) };
    this.#entries.set(key, entry);
    this.#total += entry.json.length;
    for (const oldest of this.#entries.values()) {
      const fits = this.#total <= this.#limits.total && this.#entries.size <= this.#limits.instances;
      if (fits && now - oldest.at <= this.#limits.ageMs) break;
      this.#remove(oldest);
      this.#dropped++;
    }
  }

  /** The oldest that fit into one report. They stay until `delivered`. */
  take(): Batch {
    const batch: Entry[] = [];
    let length = 0;
    for (const entry of this.#entries.values()) {
      length += entry.json.length + 1;
      if (length > this.#limits.perReport && batch.length > 0) break;
      batch.push(entry);
    }
    return batch;
  }

  /** The controller has these. What a VM posted meanwhile stays. */
  delivered(batch: Batch): void {
    for (const entry of batch) {
      if (this.#entries.get(entry.key) === entry) this.#remove(entry);
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#total -= entry.json.length;
  }
}
