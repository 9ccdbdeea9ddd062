/** The trending videos, renewed in the background. If they cannot be fetched, the last list stays. */
import type { Answer } from '../http/answer.ts';
import type { Recommended } from '../http/recommendations.ts';

const FIRST_RETRY_MS = 500;

export interface Trending {
  readonly videos: readonly Recommended[];
  /** Time of the fetch, ms since 1970. */
  readonly asOf: number;
}

export interface TrendingPorts {
  fetch(): Promise<Answer<readonly Recommended[]>>;
  /** ms since 1970 */
  now(): number;
}

export class TrendingList {
  readonly #ports: TrendingPorts;
  readonly #everyMs: number;
  #current: Trending | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param everyMs age at which the list is fetched again */
  constructor(ports: TrendingPorts, everyMs: number) {
    this.#ports = ports;
    this.#everyMs = everyMs;
  }

  /** The last list; undefined before the first fetch succeeds. */
  get current(): Trending | undefined {
    return this.#current;
  }

  /** Fetches now and then periodically until `stop`. Resolves after the first attempt. */
  async start(): Promise<void> {
    const answer = await this.#ports.fetch();
    if (answer.ok) this.#current = { videos: answer.value, asOf: this.#ports.now() };
    this.#failures = answer.ok ? 0 : this.#failures + 1;
    if (this.#isStopped) return;
    const waitMs = answer.ok ? this.#everyMs : Math.min(this.#everyMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.start(), waitMs).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
