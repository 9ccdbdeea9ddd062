/** Follows the controller's stream of assignments, and opens it again whenever it ends or the node wants other services. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Subscription } from '../../contract/assignment-stream.ts';
import { BackOff } from './back-off.ts';
import { type ControllerLink, isNotLeader, isUnknownPath } from './controller-link.ts';
import { type Answer, exchange, reasonOf } from './exchange.ts';
import { type LinePorts, StreamLines } from './stream-lines.ts';

/** The leader writes the first line at once, even if it has yet to learn: one that does not is stuck. */
const FIRST_LINE_MS = 3000;
/** Heartbeats come each second: a connection without a line for so long is dead. */
const SILENCE_MS = 5000;
/** Wishes of several proxies that come together make one new stream, and a stream lives this long at least. */
const GATHER_MS = 50;
const MIN_STREAM_MS = 250;

export interface StreamPorts extends LinePorts {
  /** What the node wants, as of now; a stream is opened with it. */
  readonly subscription: () => Subscription;
  /** Each failed attempt and each end of a connection, with its reason. */
  readonly disconnected: (reason: string) => void;
}

/** How a connection ended. */
interface End {
  readonly reason: string;
  /** It was one to the leader. */
  readonly led: boolean;
  /** The agent ended it to ask for other services: the next one is opened at once. */
  readonly renewed?: boolean;
}

export class AssignmentStream {
  readonly #link: ControllerLink;
  readonly #dispatcher: Dispatcher;
  readonly #ports: StreamPorts;
  readonly #backOff: BackOff;
  readonly #closed = new AbortController();
  #running: Promise<void> | undefined;
  /** Ends the connection that was opened before the node wanted other services. */
  #renewal: AbortController | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #hasStale = false;
  #isOld = false;
  #openedAt = -Infinity;

  constructor(link: ControllerLink, ports: StreamPorts, random: () => number = Math.random) {
    this.#link = link;
    this.#dispatcher = link.dispatcher();
    this.#ports = ports;
    this.#backOff = new BackOff(random);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The node wants other services: the stream is opened anew. A controller of the version before sends all of them. */
  renew(): void {
    this.#gathering ??= setTimeout(
      () => {
        this.#gathering = undefined;
        if (!this.#isOld) this.restart('the node wants other services');
      },
      Math.max(GATHER_MS, this.#openedAt + MIN_STREAM_MS - performance.now()),
    );
  }

  /** Ends the connection, if there is one, and opens another at once. */
  restart(reason: string): void {
    this.#hasStale = true;
    this.#renewal?.abort(new Error(reason));
  }

  async close(): Promise<void> {
    clearTimeout(this.#gathering);
    this.#closed.abort(new Error('closed'));
    await this.#running;
    await this.#dispatcher.destroy();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const { reason, renewed, leaderChanges } = await this.#followOne(signal);
      if (signal.aborted) return;
      if (renewed) continue;
      this.#ports.disconnected(reason);
      await this.#pause(leaderChanges, signal);
    }
  }

  /** Waits, but no longer than until the reports find another leader. */
  async #pause(leaderChanges: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const waited = sleep(this.#backOff.next(), undefined, { signal: either }).catch(() => undefined);
    await Promise.race([waited, this.#link.leaderFound(leaderChanges, either)]);
    over.abort();
  }

  /**
   * Tries one address after the other until one leads, and follows that to the end. Says why it ended, and how many leader
   * changes there had been by then.
   */
  async #followOne(signal: AbortSignal): Promise<End & { leaderChanges: number }> {
    let end: End = { reason: `${this.#link.url.hostname}: no address`, led: false };
    let { leaderChanges } = this.#link;
    try {
      for (const origin of await this.#link.origins()) {
        ({ leaderChanges } = this.#link);
        end = await this.#follow(origin, signal);
        if (end.led) return { ...end, leaderChanges: this.#link.leaderChanges };
        // The reports found the leader meanwhile: its address goes before those that are left here.
        if (this.#link.leaderChanges > leaderChanges) return { ...end, leaderChanges };
        this.#link.failed(origin);
      }
    } catch (error) {
      end = { reason: reasonOf(error), led: false };
    }
    return { ...end, leaderChanges };
  }

  /** Reads one connection to its end, by the protocol that the controller there knows. */
  async #follow(origin: string, signal: AbortSignal): Promise<End> {
    const { end, answer } = await this.#read(origin, false, signal);
    if (answer === undefined || !isUnknownPath(answer.status, answer.text)) return end;
    return (await this.#read(origin, true, signal)).end;
  }

  /** Ends the connection, too, when another controller is found to lead before its first line has come. */
  async #read(origin: string, isOld: boolean, signal: AbortSignal): Promise<{ end: End; answer?: Answer }> {
    const lines = new StreamLines(this.#ports, isOld);
    let led = false;
    const firstLine = new AbortController();
    const giveUp = new AbortController();
    const otherLeads = (): void => giveUp.abort(new Error('another controller was found to lead'));
    void this.#link.otherFound(origin, firstLine.signal).then(() => firstLine.signal.aborted || otherLeads());
    this.#hasStale = false;
    this.#isOld = isOld;
    this.#openedAt = performance.now();
    const renewal = new AbortController();
    const { path, ...request } = isOld ? this.#oldRequest() : this.#request();
    try {
      const answer = await exchange(this.#dispatcher, {
        ...this.#link.target(origin, path),
        ...request,
        silence: { firstMs: FIRST_LINE_MS, thenMs: SILENCE_MS },
        signal: AbortSignal.any([signal, giveUp.signal, renewal.signal]),
        onData: (chunk) => {
          const hadLine = lines.hasLine;
          if (!led) this.#link.leads(origin);
          led = true;
          this.#link.sawLine(origin);
          const reason = lines.take(chunk);
          if (reason !== undefined || hadLine || !lines.hasLine) return reason;
          firstLine.abort();
          this.#backOff.reset();
          this.#renewal = renewal;
          if (this.#hasStale && !isOld) renewal.abort(new Error('the node wants other services'));
          return undefined;
        },
      });
      if (answer.status === 200) return { end: { reason: 'ended by the controller', led: true } };
      const reason = `status ${answer.status}: ${answer.text.slice(0, 500)}`;
      return { end: { reason, led: !isNotLeader(answer.status, answer.text) }, answer };
    } catch (error) {
      return {
        end: { reason: reasonOf(error), led: led && !giveUp.signal.aborted, renewed: renewal.signal.aborted },
      };
    } finally {
      firstLine.abort();
      this.#renewal = undefined;
    }
  }

  #request(): { path: string; method: 'POST'; contentType: string; body: string } {
    return {
      path: '/agent/v2/assignments',
      method: 'POST',
      contentType: 'application/json',
      body: JSON.stringify(this.#ports.subscription()),
    };
  }

  #oldRequest(): { path: string; method: 'GET' } {
    const { node } = this.#ports.subscription();
    return { path: `/agent/v1/assignments?node=${encodeURIComponent(node)}`, method: 'GET' };
  }
}
