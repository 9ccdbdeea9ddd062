/** Reports as the lines of one long request, which the controller answers at its end, or before if it will not have one. */
import { Readable } from 'node:stream';
import type { Outcome } from './post-reports.ts';

export class ReportStream {
  readonly origin: string;
  readonly openedAt: number;
  /** Of the whole request. */
  readonly outcome: Promise<Outcome>;
  #body = new Readable({ read: () => undefined });
  #answerMs: number;
  #reports = 0;
  #ended = false;

  /** @param answerMs how long the controller may take to answer once all is said */
  constructor(origin: string, now: number, answerMs: number, post: (body: Readable) => Promise<Outcome>) {
    this.origin = origin;
    this.openedAt = now;
    this.#answerMs = answerMs;
    // Its errors are the request's, too.
    this.#body.on('error', () => undefined);
    this.outcome = post(this.#body);
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
    const limit = setTimeout(() => this.abandon('no answer'), this.#answerMs);
    void this.outcome.then(() => clearTimeout(limit));
  }

  abandon(reason: string): void {
    this.#body.destroy(new Error(reason));
  }
}
