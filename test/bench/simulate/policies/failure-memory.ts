/** Weight of one answer. */
const GAIN = 0.1;
/** Mean lifetime without new responses, seconds. */
const DECAY = 10;

/** Fraction of failed requests to each replica as one caller remembers it: a moving average that decays with time. */
export class FailureMemory {
  readonly #shares: Float64Array;
  readonly #at: Float64Array;

  constructor(replicas: number) {
    this.#shares = new Float64Array(replicas);
    this.#at = new Float64Array(replicas);
  }

  share(replica: number, now: number): number {
    return (this.#shares[replica] ?? 0) * Math.exp(-(now - (this.#at[replica] ?? 0)) / DECAY);
  }

  answered(replica: number, failed: boolean, now: number): void {
    const share = this.share(replica, now);
    this.#keep(replica, share + GAIN * ((failed ? 1 : 0) - share), now);
  }

  /** A replica's own report can raise the fraction but not lower it: a replica without requests has no failures. */
  reported(replica: number, share: number, now: number): void {
    this.#keep(replica, Math.max(share, this.share(replica, now)), now);
  }

  #keep(replica: number, share: number, now: number): void {
    this.#shares[replica] = share;
    this.#at[replica] = now;
  }
}
