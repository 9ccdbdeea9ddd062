/** Follows the controller's stream of assignments and comes back to it whenever it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { AssignmentUpdate } from '../../contract/assignment.ts';
import type { Failure } from '../../contract/errors.ts';
import { parseAssignmentLine } from './assignment-line.ts';
import { BackOff } from './back-off.ts';
import { type ControllerLink, isNotLeader } from './controller-link.ts';
import { LineSplitter } from '../../contract/line-splitter.ts';

const CONNECT_MS = 1000;
/** Whoever leads writes the first line at once, even if it has yet to learn: one that does not is stuck. */
const FIRST_LINE_MS = 3000;
/** Heartbeats come each second: a connection silent for so long is dead. */
const SILENCE_MS = 5000;
const LINE_LIMIT = 32 * 1024 * 1024;

export interface StreamEvents {
  update(update: AssignmentUpdate): void;
  /** A line was refused and changed nothing. The stream is opened anew, since what it said is now missing. */
  refused(failure: Failure): void;
  /** Each failed attempt and each end of a connection, with its reason. */
  disconnected(reason: string): void;
}

/** How a connection ended. */
interface End {
  readonly reason: string;
  /** It was one to the controller that leads. */
  readonly led: boolean;
}

export class AssignmentStream {
  #link: ControllerLink;
  #dispatcher: Dispatcher;
  #path: string;
  #events: StreamEvents;
  #backOff: BackOff;
  #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(link: ControllerLink, node: string, events: StreamEvents, random: () => number = Math.random) {
    this.#link = link;
    this.#dispatcher = link.dispatcher({ connectMs: CONNECT_MS, headersMs: FIRST_LINE_MS, bodyMs: SILENCE_MS });
    this.#path = `/agent/v1/assignments?node=${encodeURIComponent(node)}`;
    this.#events = events;
    this.#backOff = new BackOff(random);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#dispatcher.destroy();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const { reason, findings } = await this.#followOne(signal);
      if (signal.aborted) return;
      this.#events.disconnected(reason);
      await this.#pause(findings, signal);
    }
  }

  /** Waits, but no longer than until the reports find another controller that leads. */
  async #pause(findings: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const waited = sleep(this.#backOff.next(), undefined, { signal: either }).catch(() => undefined);
    await Promise.race([waited, this.#link.found(findings, either)]);
    over.abort();
  }

  /**
   * Tries one address after the other until one leads, and follows that to the end. Says why it ended, and how much the
   * link had found by then.
   */
  async #followOne(signal: AbortSignal): Promise<{ reason: string; findings: number }> {
    let reason = `${this.#link.url.hostname}: no address`;
    let { findings } = this.#link;
    try {
      for (const origin of await this.#link.origins()) {
        ({ findings } = this.#link);
        const end = await this.#follow(origin, signal);
        ({ reason } = end);
        if (end.led) return { reason, findings: this.#link.findings };
        // The reports found one meanwhile: it goes before those that are left here.
        if (this.#link.findings > findings) return { reason, findings };
        this.#link.failed(origin);
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    return { reason, findings };
  }

  /** Reads one connection to its end; gives it up when another is found to lead before its first line has come. */
  async #follow(origin: string, signal: AbortSignal): Promise<End> {
    let led = false;
    const waiting = new AbortController();
    const otherLeads = new AbortController();
    const giveUp = (): void => otherLeads.abort(new Error('another controller was found to lead'));
    void this.#link.foundOther(origin, waiting.signal).then(() => waiting.signal.aborted || giveUp());
    try {
      const response = await this.#dispatcher.request({
        ...this.#link.target(origin, this.#path),
        method: 'GET',
        signal: AbortSignal.any([signal, otherLeads.signal]),
      });
      if (response.statusCode !== 200) {
        const text = await response.body.text();
        return {
          reason: `status ${response.statusCode}: ${text.slice(0, 500)}`,
          led: !isNotLeader(response.statusCode, text),
        };
      }
      led = true;
      this.#link.leads(origin);
      const lines = new LineSplitter(LINE_LIMIT);
      let full = false;
      for await (const chunk of response.body) {
        const complete = lines.push(chunk);
        this.#link.heard(origin);
        if (complete === undefined) return { reason: `a line is longer than ${LINE_LIMIT} characters`, led };
        for (const line of complete) {
          if (line === '') continue;
          const failure = this.#take(line, full);
          if (failure !== undefined) return { reason: failure, led };
          full = true;
          waiting.abort();
        }
      }
      return { reason: 'ended by the controller', led };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), led: led && !otherLeads.signal.aborted };
    } finally {
      waiting.abort();
    }
  }

  /** Hands one line on; returns what is wrong with it. */
  #take(line: string, full: boolean): string | undefined {
    const parsed = parseAssignmentLine(line);
    const refused = !parsed.ok
      ? parsed.failure
      : !full && !parsed.value.full && !parsed.value.partial
        ? ({ code: 'MALFORMED_ASSIGNMENT', message: 'full: the first line of a stream must be full' } as const)
        : undefined;
    if (refused !== undefined || !parsed.ok) {
      if (refused !== undefined) this.#events.refused(refused);
      return refused?.message;
    }
    this.#backOff.reset();
    this.#events.update(parsed.value);
    return undefined;
  }
}
