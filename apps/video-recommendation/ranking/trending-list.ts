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
  /** Receives a line for people each time that the list is renewed, or is not and was before. */
  log(line: string): void;
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
    this.#note(answer);
    if (this.#isStopped) return;
    const waitMs = answer.ok ? this.#everyMs : Math.min(this.#everyMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.start(), waitMs).unref();
  }

  #note(answer: Answer<readonly Recommended[]>): void {
    const { now, log } = this.#ports;
    if (answer.ok) {
      this.#current = { videos: answer.value, asOf: now() };
      this.#failures = 0;
      const first = answer.value[0];
      log(`trending videos renewed: ${answer.value.length} videos${first ? `, the first is ${first.id}` : ''}`);
      return;
    }
    this.#failures += 1;
    // Once for each outage: the retries would fill the log.
    if (this.#failures > 1) return;
    const kept = this.#current ? `the list of ${new Date(this.#current.asOf).toISOString()} stays` : 'there is no list';
    log(`trending videos not renewed, ${kept}: ${answer.refusal.message}`);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
