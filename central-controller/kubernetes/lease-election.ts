/**
 * Chooses the leader: at most one of several controllers, by a Lease that only one of them can hold. Pure. The method is
 * that of client-go's leader election.
 *
 * Clocks are never compared. A follower counts the lease's duration from when it first sees a renewal, which is after
 * the write; the holder counts from before its write. So the holder's time ends first whatever the clocks show, if they
 * run at nearly the same speed. The holder gives up a fifth of its time for differences in speed.
 */

/** Fraction of the lease's duration in which its holder leads. */
const LEADING_FRACTION = 0.8;

/** A Lease object as it was read. Its times are not used. */
export interface LeaseRecord {
  /** resourceVersion: the API server refuses a write with an older one. */
  readonly version: string;
  /** '' after a release. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

/** A Lease to write; `version` undefined: create it. */
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
  /** When a deleted lease may be created again. */
  #freeAt = -Infinity;
  #leadsUntil = -Infinity;

  /** @param identity no other process may have it, not even one that ran before */
  constructor(identity: string, durationMs: number) {
    this.#identity = identity;
    this.#durationMs = durationMs;
  }

  /** Until when this controller leads, ms of its own clock; in the past when it does not. */
  get leadsUntil(): number {
    return this.#leadsUntil;
  }

  /** The holder as last seen; undefined: none. */
  get holder(): string | undefined {
    return this.#seen?.holder || undefined;
  }

  isLeading(now: number): boolean {
    return now < this.#leadsUntil;
  }

  /** @param lease as it was read before `now`; undefined: there is none */
  observe(lease: LeaseRecord | undefined, now: number): void {
    if (lease?.version !== this.#seen?.version) this.#seenAt = now;
    // The holder may not know yet that its lease was deleted.
    if (!lease && this.#seen && this.mayTakeAt() > now) this.#freeAt = now + this.#seen.durationMs;
    this.#seen = lease;
    if (lease?.holder !== this.#identity) this.#leadsUntil = -Infinity;
  }

  /** The write that takes or renews the lease. Undefined: another controller leads at least until `mayTakeAt`. */
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

  /** When this controller may take the lease, ms of its own clock. */
  mayTakeAt(): number {
    if (!this.#seen) return this.#freeAt;
    if (this.#seen.holder === '' || this.#seen.holder === this.#identity) return -Infinity;
    return this.#seenAt + this.#seen.durationMs;
  }

  /** The API server took a write of `attempt`. `askedAt` is before the request, `now` after the answer. */
  written(write: LeaseWrite, version: string, askedAt: number, now: number): void {
    this.#seen = { ...write, version };
    this.#seenAt = now;
    this.#leadsUntil = askedAt + LEADING_FRACTION * this.#durationMs;
  }

  /** Stops leading; the lease may still be held. */
  resign(): void {
    this.#leadsUntil = -Infinity;
  }

  /** The write that frees the lease after `resign`; undefined when another controller holds it. */
  release(): LeaseWrite | undefined {
    if (this.#seen?.holder !== this.#identity) return undefined;
    return { ...this.#seen, holder: '' };
  }
}
