/**
 * Who leads: at most one of several controllers, by a Lease that only one of them can hold. Pure: what was read and
 * when goes in, what to write comes out. The method is that of client-go's leader election.
 *
 * No clock is compared with another's. A follower counts the holder's time from when it itself first saw the last
 * renewal, which is after it was written; the holder counts its own from before it asked for it. So the holder's time
 * is over first, however their clocks stand, as long as these run at nearly the same speed: the holder gives up
 * a fifth of its time for that.
 */

/** Part of the time for which a lease is held that its holder makes use of. */
const USED_PART = 0.8;

/** What a Lease object says; times in it are not looked at. */
export interface LeaseRecord {
  /** resourceVersion: a write that names another than the newest is refused. */
  readonly version: string;
  /** '' after its holder released it. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

/** A Lease to write; `version` undefined: to create. */
export interface LeaseWrite {
  readonly version: string | undefined;
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

export class LeaseElection {
  readonly #identity: string;
  readonly #durationMs: number;
  #seen: LeaseRecord | undefined;
  #seenAt = -Infinity;
  /** From when on a lease that is gone may be created anew. */
  #freeAt = -Infinity;
  #leadsUntil = -Infinity;

  /** `identity` must be no other process's, not even of one that ran before. */
  constructor(identity: string, durationMs: number) {
    this.#identity = identity;
    this.#durationMs = durationMs;
  }

  /** Until when this one leads, ms of its own clock; in the past when it does not. */
  get leadsUntil(): number {
    return this.#leadsUntil;
  }

  /** Who holds the lease by what was seen last; undefined: nobody. */
  get holder(): string | undefined {
    return this.#seen?.holder || undefined;
  }

  isLeading(now: number): boolean {
    return now < this.#leadsUntil;
  }

  /** The lease as it was read; `now` is after that. Undefined: there is none. */
  observe(lease: LeaseRecord | undefined, now: number): void {
    if (lease?.version !== this.#seen?.version) this.#seenAt = now;
    // Somebody deleted it under its holder, who may not know yet.
    if (!lease && this.#seen && this.mayTakeAt() > now) this.#freeAt = now + this.#seen.durationMs;
    this.#seen = lease;
    if (lease?.holder !== this.#identity) this.#leadsUntil = -Infinity;
  }

  /** What to write in order to lead, or to go on doing so. Undefined: another one leads; `mayTakeAt` says how long. */
  attempt(now: number): LeaseWrite | undefined {
    if (now < this.mayTakeAt()) return undefined;
    const { version, holder, transitions = -1 } = this.#seen ?? {};
    const isNew = holder !== this.#identity;
    return {
      version,
      holder: this.#identity,
      durationMs: this.#durationMs,
      transitions: transitions + (isNew ? 1 : 0),
    };
  }

  /** From when on the lease may be taken, ms of the own clock. */
  mayTakeAt(): number {
    if (!this.#seen) return this.#freeAt;
    if (this.#seen.holder === '' || this.#seen.holder === this.#identity) return -Infinity;
    return this.#seenAt + this.#seen.durationMs;
  }

  /** A write of `attempt` was taken as `version`. `askedAt` is before it was sent, `now` after the answer. */
  written(write: LeaseWrite, version: string, askedAt: number, now: number): void {
    this.#seen = { ...write, version };
    this.#seenAt = now;
    this.#leadsUntil = askedAt + USED_PART * this.#durationMs;
  }

  /** From now on this one does not lead, though it may still hold the lease. */
  resign(): void {
    this.#leadsUntil = -Infinity;
  }

  /** What to write for the others not to have to wait, after `resign`; undefined when the lease is not held. */
  release(): LeaseWrite | undefined {
    if (this.#seen?.holder !== this.#identity) return undefined;
    return { ...this.#seen, holder: '' };
  }
}
