/** Reports as the lines of one long request, which the controller answers at its end, or before if it will not have one. */
import { Readable } from 'node:stream';
import type { Outcome } from './post-reports.ts';

export interface StreamLimits {
  /** It ends by itself then, ms: who samples seldom, or cannot just now, writes nothing more. */
  readonly longestMs: number;
  /** How long the controller may take to answer once all is said, ms. */
  readonly answerMs: number;
}

export class ReportStream {
  readonly origin: string;
  readonly openedAt: number;
  /** Of the whole request. */
  readonly outcome: Promise<Outcome>;
  #body = new Readable({ read: () => undefined });
  #limits: StreamLimits;
  #timer: NodeJS.Timeout;
  #reports = 0;
  #ended = false;

  constructor(origin: string, now: number, limits: StreamLimits, post: (body: Readable) => Promise<Outcome>) {
    this.origin = origin;
    this.openedAt = now;
    this.#limits = limits;
    // Its errors are the request's, too.
    this.#body.on('error', () => undefined);
    this.outcome = post(this.#body);
    this.#timer = setTimeout(() => this.end(), limits.longestMs);
    void this.outcome.then(() => clearTimeout(this.#timer));
  }

  /** How many were written. */
  get reports(): number {
    return this.#reports;
  }

  /** Something written has not left yet, or all was said and the answer is not there yet. */
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
    this.#body.destroy(new Error(reason));
  }
}
