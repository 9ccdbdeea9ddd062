/** Reports as the lines of one long request, which the controller answers at its end, or earlier to refuse one. */
import { Readable } from 'node:stream';
import type { Outcome } from './post-reports.ts';

export interface StreamLimits {
  /** It ends by itself after this, ms, even where no more reports come. */
  readonly longestMs: number;
  /** How long the controller may take to answer once all is sent, ms. */
  readonly answerMs: number;
}

export class ReportStream {
  readonly origin: string;
  readonly openedAt: number;
  /** Of the whole request. */
  readonly outcome: Promise<Outcome>;
  #body = new Readable({ read: () => undefined });
  readonly #abandoned = new AbortController();
  #limits: StreamLimits;
  #timer: NodeJS.Timeout;
  #reports = 0;
  #ended = false;

  constructor(
    origin: string,
    now: number,
    limits: StreamLimits,
    post: (body: Readable, abandoned: AbortSignal) => Promise<Outcome>,
  ) {
    this.origin = origin;
    this.openedAt = now;
    this.#limits = limits;
    // An error of the body is one of the request, and told there.
    this.#body.on('error', () => undefined);
    this.outcome = post(this.#body, this.#abandoned.signal);
    this.#timer = setTimeout(() => this.end(), limits.longestMs);
    void this.outcome.then(() => clearTimeout(this.#timer));
  }

  /** How many were written. */
  get reports(): number {
    return this.#reports;
  }

  /** Something written has not left yet, or all is sent and the answer has not come. */
  get isBusy(): boolean {
    return this.#ended || this.#body.readableLength > 0;
  }

  write(report: string): void {
    this.#body.push(`${report}\n`);
    this.#reports++;
  }

  end(): void {
    this.#ended = true;
    this.#body.push(null);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.abandon('no answer'), this.#limits.answerMs);
  }

  abandon(reason: string): void {
    this.#abandoned.abort(new Error(reason));
  }
}
