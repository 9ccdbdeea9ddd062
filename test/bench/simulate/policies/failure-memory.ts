/** Weight of one answer. */
const GAIN = 0.1;
/** Mean lifetime of what is not renewed, seconds. */
const DECAY = 10;

/** Share of requests to each replica that failed, as one caller remembers it: a moving average that fades with time. */
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

  /** What the replica says of itself raises the share, and never lowers it: without requests it has no failures. */
  reported(replica: number, share: number, now: number): void {
    this.#keep(replica, Math.max(share, this.share(replica, now)), now);
  }

  #keep(replica: number, share: number, now: number): void {
    this.#shares[replica] = share;
    this.#at[replica] = now;
  }
}
