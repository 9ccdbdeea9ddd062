/** What a replica measures of itself for its reports. */

const WINDOW_SECONDS = 1;
const SAMPLES_PER_WINDOW = 10;
/** Latencies kept per number in flight, and the age after which they no longer count. */
const KEPT = 9;
const FRESH_SECONDS = 1;

interface Sample {
  readonly at: number;
  readonly usedSeconds: number;
  readonly answers: number;
  readonly failures: number;
}

/** Means of the last second, from counters sampled ten times a second. */
export class RateMeter {
  static readonly sampleSeconds = WINDOW_SECONDS / SAMPLES_PER_WINDOW;
  #answers = 0;
  #failures = 0;
  readonly #samples: Sample[] = [{ at: 0, usedSeconds: 0, answers: 0, failures: 0 }];

  count(failed: boolean): void {
    this.#answers++;
    if (failed) this.#failures++;
  }

  sample(at: number, usedSeconds: number): void {
    this.#samples.push({ at, usedSeconds, answers: this.#answers, failures: this.#failures });
    if (this.#samples.length > SAMPLES_PER_WINDOW) this.#samples.shift();
  }

  rates(now: number, usedSeconds: number): { cores: number; answers: number; failures: number } {
    const since = this.#samples[0];
    if (since === undefined || now <= since.at) return { cores: 0, answers: 0, failures: 0 };
    const seconds = now - since.at;
    return {
      cores: (usedSeconds - since.usedSeconds) / seconds,
      answers: (this.#answers - since.answers) / seconds,
      failures: (this.#failures - since.failures) / seconds,
    };
  }
}

/** The latest latencies of requests that met about the same count in flight. */
class LatencyRing {
  readonly #latencies: number[] = [];
  #next = 0;
  #median: number | undefined;
  latestAt = Number.NEGATIVE_INFINITY;

  add(at: number, latency: number): void {
    this.#latencies[this.#next] = latency;
    this.#next = (this.#next + 1) % KEPT;
    this.#median = undefined;
    this.latestAt = at;
  }

  get median(): number {
    this.#median ??= this.#latencies.toSorted((a, b) => a - b)[this.#latencies.length >> 1] ?? 0;
    return this.#median;
  }
}

/** Exact up to 8 in flight, then four steps per doubling. */
function ringOf(requestsInFlight: number): number {
  return requestsInFlight < 8 ? requestsInFlight : Math.floor(4 * Math.log2(requestsInFlight)) - 4;
}

/**
 * Latency by requests in flight, as Prequal's replicas estimate it (Wydrowski et al., NSDI 2024, section 4.1): the
 * median of recent latencies of requests that met about as many in flight as there are now, or of the nearest such
 * count that has any.
 */
export class LatencyMeter {
  readonly #rings: LatencyRing[] = [];

  record(at: number, metInFlight: number, latency: number): void {
    const index = ringOf(metInFlight);
    while (this.#rings.length <= index) this.#rings.push(new LatencyRing());
    this.#rings[index]?.add(at, latency);
  }

  /** Seconds; 0 before the first answer. */
  estimate(now: number, requestsInFlight: number): number {
    return (
      this.#nearest(ringOf(requestsInFlight), now - FRESH_SECONDS) ??
      this.#nearest(ringOf(requestsInFlight), Number.NEGATIVE_INFINITY) ??
      0
    );
  }

  #nearest(index: number, notBefore: number): number | undefined {
    const reach = Math.max(index, this.#rings.length);
    for (let distance = 0; distance <= reach; distance++) {
      for (const ring of [this.#rings[index - distance], this.#rings[index + distance]]) {
        if (ring !== undefined && ring.latestAt > notBefore) return ring.median;
      }
    }
    return undefined;
  }
}
