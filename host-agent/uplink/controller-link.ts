/**
 * Finds the leader behind one URL. Its host name may have several addresses, one for each instance of the controller; only
 * the leader takes reports and gives assignments.
 */
import { type LookupAddress, promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { type BaseAddress, pathBelow } from '../../contract/base-address.ts';
import { codeOf } from './exchange.ts';

/** How long what the name resolved to is used without asking again, ms. */
const RESOLVED_MS = 30_000;
/** Likewise while no address is known to lead: another controller may be about to start. */
const SEEKING_MS = 1000;
/** The controller sends each agent a line every second: one whose last line is older than this may be gone, ms. */
const LIVE_MS = 2000;

/** A host that is gone answers nothing: the next address must not wait for long, ms. */
const CONNECT_MS = 1000;

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

const lookupAll: Resolve = (hostname) => dns.lookup(hostname, { all: true });

/** Which address to try first. Assignments and reports share it: where one finds the leader, so does the other. */
export class ControllerLink {
  readonly url: URL;
  readonly #address: BaseAddress;
  readonly #resolve: Resolve;
  readonly #now: () => number;
  #origins: readonly string[] = [];
  /** The last lookup, under way or over. */
  #lookup: Promise<void> = Promise.resolve();
  #isLookingUp = false;
  #lookedUpAt = -Infinity;
  /** The origin that answered last. */
  #leader: string | undefined;
  /** The origin that sent the last line, and when. */
  #lastLine: { readonly origin: string; readonly at: number } | undefined;
  #leaderChanges = 0;
  #waiting: (() => void)[] = [];

  constructor(address: BaseAddress, now: () => number, resolve: Resolve = lookupAll) {
    this.#address = address;
    this.url = address.url;
    this.#now = now;
    this.#resolve = resolve;
  }

  /**
   * Origins to try, the last leader first. Waits for the name server only while no address is known, so that a name
   * server without an answer does not separate an agent from its controller. @throws when the name was never resolved
   */
  async origins(): Promise<readonly string[]> {
    this.#lookUpIfDue();
    if (this.#origins.length === 0) await this.#lookup;
    const leader = this.#leader;
    return leader === undefined ? this.#origins : [leader, ...this.#origins.filter((origin) => origin !== leader)];
  }

  /** The origin answers as the leader. */
  leads(origin: string): void {
    if (this.#leader === origin) return;
    this.#leader = origin;
    this.#leaderChanges++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The origin does not answer, or says that it does not lead. */
  failed(origin: string): void {
    if (this.#leader === origin) this.#leader = undefined;
  }

  /** A line of assignments came from there. */
  sawLine(origin: string): void {
    this.#lastLine = { origin, at: this.#now() };
  }

  /** Whether assignments come from there, and the last line came just now. */
  isLive(origin: string): boolean {
    return this.#lastLine?.origin === origin && this.#now() - this.#lastLine.at <= LIVE_MS;
  }

  /** How often an origin was found to lead that was not the leader before. */
  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  /** Resolves once there were more leader changes than `known`, or on the signal. */
  leaderFound(known: number, signal: AbortSignal): Promise<void> {
    if (this.#leaderChanges > known) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener(
        'abort',
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== resolve);
          resolve();
        },
        { once: true },
      );
    });
  }

  /** Resolves once another origin than this one is known to lead, or on the signal. */
  async otherFound(origin: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#leader === undefined || this.#leader === origin)) {
      await this.leaderFound(this.#leaderChanges, signal);
    }
  }

  /** Where a request for `path` goes at one of the addresses, and the headers that it needs. */
  target(origin: string, path: string): { origin: string; path: string; headers: Record<string, string> } {
    const { authorization } = this.#address;
    const headers = { host: this.url.host, ...(authorization !== undefined && { authorization }) };
    return { origin, path: pathBelow(this.#address, path), headers };
  }

  /**
   * A dispatcher for requests to any of the addresses; certificates are checked against the URL's name. How long an answer
   * may take is up to each request.
   */
  dispatcher(): Dispatcher {
    return new Agent({
      connect: { timeout: CONNECT_MS, ...(isIP(this.#hostname) === 0 && { servername: this.#hostname }) },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  get #hostname(): string {
    return this.url.hostname.replace(/^\[|\]$/g, '');
  }

  /** One lookup at a time; after a failure the next one comes no sooner than after an answer. */
  #lookUpIfDue(): void {
    const age = this.#now() - this.#lookedUpAt;
    if (this.#isLookingUp || age < (this.#leader === undefined ? SEEKING_MS : RESOLVED_MS)) return;
    this.#isLookingUp = true;
    this.#lookup = this.#lookUp().finally(() => {
      this.#isLookingUp = false;
      this.#lookedUpAt = this.#now();
    });
    // Where addresses are known nothing waits for it.
    this.#lookup.catch(() => undefined);
  }

  async #lookUp(): Promise<void> {
    const addresses = isIP(this.#hostname) > 0 ? [] : await this.#resolve(this.#hostname);
    this.#origins = addresses.length === 0 ? [this.url.origin] : addresses.map((address) => this.#originOf(address));
  }

  #originOf({ address, family }: LookupAddress): string {
    const port = this.url.port === '' ? '' : `:${this.url.port}`;
    return `${this.url.protocol}//${family === 6 ? `[${address}]` : address}${port}`;
  }
}

/** Is this the answer of a controller that does not lead? */
export function isNotLeader(status: number, body: string): boolean {
  return status === 503 && codeOf(body) === 'NOT_LEADER';
}

/** Is this the answer of a controller of the version before, which does not know the path? */
export function isUnknownPath(status: number, body: string): boolean {
  return status === 404 && codeOf(body) === 'UNKNOWN_PATH';
}
