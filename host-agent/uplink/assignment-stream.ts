/** Follows the controller's stream of assignments and comes back to it whenever it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import type { AssignmentUpdate } from '../../central-controller/contract/assignment.ts';
import type { Failure } from '../../central-controller/contract/errors.ts';
import { parseAssignmentLine } from './assignment-line.ts';
import { BackOff } from './back-off.ts';
import { LineSplitter } from './line-splitter.ts';

const CONNECT_MS = 3000;
/** A controller that has just started may first have to learn. */
const FIRST_LINE_MS = 30_000;
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

export class AssignmentStream {
  #client: Client;
  #path: string;
  #events: StreamEvents;
  #backOff: BackOff;
  #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(controller: URL, node: string, events: StreamEvents, random: () => number = Math.random) {
    this.#client = new Client(controller.origin, {
      connect: { timeout: CONNECT_MS },
      headersTimeout: FIRST_LINE_MS,
      bodyTimeout: SILENCE_MS,
    });
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
    await this.#client.destroy();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const reason = await this.#follow(signal);
      if (signal.aborted) return;
      this.#events.disconnected(reason);
      await sleep(this.#backOff.next(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads one connection to its end; returns why it ended. */
  async #follow(signal: AbortSignal): Promise<string> {
    try {
      const response = await this.#client.request({ path: this.#path, method: 'GET', signal });
      if (response.statusCode !== 200) {
        return `status ${response.statusCode}: ${(await response.body.text()).slice(0, 500)}`;
      }
      const lines = new LineSplitter(LINE_LIMIT);
      let full = false;
      for await (const chunk of response.body) {
        const complete = lines.push(chunk);
        if (complete === undefined) return `a line is longer than ${LINE_LIMIT} characters`;
        for (const line of complete) {
          if (line === '') continue;
          const failure = this.#take(line, full);
          if (failure !== undefined) return failure;
          full = true;
        }
      }
      return 'ended by the controller';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Hands one line on; returns what is wrong with it. */
  #take(line: string, full: boolean): string | undefined {
    const parsed = parseAssignmentLine(line);
    const refused = !parsed.ok
      ? parsed.failure
      : !full && !parsed.value.full
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
