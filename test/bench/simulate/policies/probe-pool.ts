/** One response to a probe, as a caller keeps it. */
export interface PooledProbe {
  readonly replica: number;
  /** Seconds. */
  readonly receivedAt: number;
  /** As reported, plus what this caller sent there since. */
  requestsInFlight: number;
  /** As reported, seconds. */
  readonly latency: number;
  usesLeft: number;
}

/**
 * Prequal's probe pool (NSDI 2024, section 4), its newest probe of each replica. A probe is hot where its requests in
 * flight exceed the threshold that is given with each choice, and cold otherwise.
 */
export class ProbePool {
  readonly #size: number;
  /** The oldest first. */
  #probes: PooledProbe[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get probes(): readonly PooledProbe[] {
    return this.#probes;
  }

  /** Takes the place of the replica's older probe; otherwise the oldest goes when the pool is full. */
  add(probe: PooledProbe): void {
    const older = this.#probes.findIndex(({ replica }) => replica === probe.replica);
    if (older >= 0) this.#probes.splice(older, 1);
    else if (this.#probes.length >= this.#size) this.#probes.shift();
    this.#probes.push(probe);
  }

  dropReceivedBefore(instant: number): void {
    this.#probes = this.#probes.filter(({ receivedAt }) => receivedAt >= instant);
  }

  /** Hot-cold lexicographic rule: the cold probe of the least latency; where all are hot, that of the fewest in flight. */
  best(threshold: number): PooledProbe | undefined {
    let best: PooledProbe | undefined;
    for (const probe of this.#probes) {
      if (best === undefined || isBetter(probe, best, threshold)) best = probe;
    }
    return best;
  }

  /** A request goes to the probe's replica: one more in flight, and one use less of the probe. */
  use(probe: PooledProbe): void {
    probe.requestsInFlight++;
    probe.usesLeft--;
    if (probe.usesLeft <= 0) this.#remove(probe);
  }

  removeOldest(): void {
    this.#probes.shift();
  }

  /** The rule reversed: the hot probe with the most in flight; where all are cold, that of the greatest latency. */
  removeWorst(threshold: number): void {
    let worst = this.#probes[0];
    for (const probe of this.#probes) {
      if (worst !== undefined && isBetter(worst, probe, threshold)) worst = probe;
    }
    if (worst !== undefined) this.#remove(worst);
  }

  #remove(probe: PooledProbe): void {
    this.#probes.splice(this.#probes.indexOf(probe), 1);
  }
}

function isBetter(a: PooledProbe, b: PooledProbe, threshold: number): boolean {
  const aIsHot = a.requestsInFlight > threshold;
  const bIsHot = b.requestsInFlight > threshold;
  if (aIsHot !== bIsHot) return bIsHot;
  const byInFlight = a.requestsInFlight - b.requestsInFlight;
  const byLatency = a.latency - b.latency;
  return (aIsHot ? byInFlight || byLatency : byLatency || byInFlight) < 0;
}
