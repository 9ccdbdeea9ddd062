/**
 * The table as proxies see it: which version is current and when the next one is due. Pure; time is passed.
 *
 * Versions are compared by proxies' polls for inequality only. They begin at the wall clock, so that an agent started
 * anew names none that the one before it named, whatever the controller's own numbers do.
 */
import { encodeProxyTable } from '../../contract/proxy-table.ts';
import type { Change, HeldAssignments } from '../uplink/held-assignments.ts';

/** An encoded table is handed out for so long before its validity is written anew. */
const REUSE_MS = 100;
/** Versions whose assignments are remembered; a proxy that uses an older one has long lost touch. */
const REMEMBERED = 256;
/** How long an empty table is good; when it ends, proxies do the same as with it: they leave requests to Istio. */
const EMPTY_VALID_MS = 60_000;

export interface Table {
  readonly version: number;
  readonly bytes: Uint8Array;
  /** The controller's number of the assignments in it; 0 for none. */
  readonly assignment: number;
}

export class TableStore {
  #held: HeldAssignments;
  #version: number;
  #known = false;
  #raisedAt = -Infinity;
  #encoded: (Table & { at: number }) | undefined;
  /** The controller's number by the version that first held it. */
  #assignments = new Map<number, number>();

  /** `wallClockMs` is the time since 1970 at the start of the process. */
  constructor(held: HeldAssignments, wallClockMs: number) {
    this.#held = held;
    // Room for 1000 versions a millisecond, well within the integers that a number holds.
    this.#version = wallClockMs * 1000;
  }

  /** The version that a proxy should have; undefined until there is something to say. */
  get version(): number | undefined {
    return this.#known ? this.#version : undefined;
  }

  /** Takes note of an update; true when the version rose and waiting proxies are to be answered. */
  changed(change: Change, now: number): boolean {
    if (change === 'table' || !this.#known) return this.#raise(now);
    return this.tick(now);
  }

  /** Does what has become due; true when the version rose. */
  tick(now: number): boolean {
    if (this.#held.expire(now)) return this.#raise(now);
    // Proxies count the validity from the table they got: what the controller renewed must reach them in time.
    const { validUntil, validForMs } = this.#held;
    if (validUntil === undefined || now - this.#raisedAt < validForMs / 3) return false;
    const renewedAt = validUntil - validForMs;
    return renewedAt > this.#raisedAt && this.#raise(now);
  }

  #raise(now: number): true {
    this.#known = true;
    this.#version++;
    this.#raisedAt = now;
    this.#assignments.set(this.#version, this.#assignment);
    this.#assignments.delete(this.#version - REMEMBERED);
    return true;
  }

  get #assignment(): number {
    return this.#held.validUntil === undefined ? 0 : this.#held.version;
  }

  /** The controller's number of the assignments in a version of the table; 0 for none, or one of long ago. */
  assignmentOf(version: number): number {
    return this.#assignments.get(version) ?? 0;
  }

  /** The current table; undefined until there is something to say. */
  table(now: number): Table | undefined {
    if (!this.#known) return undefined;
    const encoded = this.#encoded;
    if (encoded?.version === this.#version && now - encoded.at < REUSE_MS) return encoded;
    const { services, validUntil } = this.#held;
    const validForMs = validUntil === undefined ? EMPTY_VALID_MS : Math.max(0, validUntil - now - REUSE_MS);
    const bytes = encodeProxyTable(this.#version, validForMs, services);
    this.#encoded = { version: this.#version, bytes, assignment: this.#assignment, at: now };
    return this.#encoded;
  }
}
