/**
 * Finds the controller that leads behind one URL. Its host name may have several addresses, one for each instance; only
 * the one that leads takes reports and gives assignments.
 */
import { type LookupAddress, promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { type BaseAddress, pathBelow } from '../../contract/base-address.ts';

/** How long what the name resolved to is used without asking again, ms. */
const RESOLVED_MS = 30_000;
/** Likewise while no address is known to lead: another controller may be about to start. */
const SEEKING_MS = 1000;
/** The controller sends each agent a line every second: one that was not heard for so long may be gone, ms. */
const HEARD_MS = 2000;

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

const lookupAll: Resolve = (hostname) => dns.lookup(hostname, { all: true });

/** Which address to try first. Shared by all that call the controller: what one of them finds helps the others. */
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
  /** The one that answered last. */
  #leader: string | undefined;
  /** Whose line came last, and when. */
  #heard: { readonly origin: string; readonly at: number } | undefined;
  #findings = 0;
  #waiting: (() => void)[] = [];

  constructor(address: BaseAddress, now: () => number, resolve: Resolve = lookupAll) {
    this.#address = address;
    this.url = address.url;
    this.#now = now;
    this.#resolve = resolve;
  }

  /**
   * Origins to try, the one that led last first. Waits for the name server only while no address is known: one that
   * does not answer must not part those that know each other. @throws when the name cannot be resolved, and never could
   */
  async origins(): Promise<readonly string[]> {
    this.#lookUpIfDue();
    if (this.#origins.length === 0) await this.#lookup;
    const leader = this.#leader;
    return leader === undefined ? this.#origins : [leader, ...this.#origins.filter((origin) => origin !== leader)];
  }

  /** It answers as the one that leads. */
  leads(origin: string): void {
    if (this.#leader === origin) return;
    this.#leader = origin;
    this.#findings++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** It does not answer, or says that it does not lead. */
  failed(origin: string): void {
    if (this.#leader === origin) this.#leader = undefined;
  }

  /** A line of assignments came from there. */
  heard(origin: string): void {
    this.#heard = { origin, at: this.#now() };
  }

  /** Is this the one that assignments come from, and did it say something just now? */
  hears(origin: string): boolean {
    return this.#heard?.origin === origin && this.#now() - this.#heard.at <= HEARD_MS;
  }

  /** How often one was found to lead that was not known to. */
  get findings(): number {
    return this.#findings;
  }

  /** Resolves once there are more findings than `known`, or on the signal. */
  found(known: number, signal: AbortSignal): Promise<void> {
    if (this.#findings > known) return Promise.resolve();
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

  /** Resolves once another than this one is known to lead, or on the signal. */
  async foundOther(origin: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#leader === undefined || this.#leader === origin)) {
      await this.found(this.#findings, signal);
    }
  }

  /** Where a request for `path` goes at one of the addresses, and the headers that it needs. */
  target(origin: string, path: string): { origin: string; path: string; headers: Record<string, string> } {
    const { authorization } = this.#address;
    const headers = { host: this.url.host, ...(authorization !== undefined && { authorization }) };
    return { origin, path: pathBelow(this.#address, path), headers };
  }

  /** A dispatcher for requests to any of the addresses; certificates are checked against the URL's name. */
  dispatcher(options: { connectMs: number; headersMs: number; bodyMs: number }): Dispatcher {
    return new Agent({
      connect: { timeout: options.connectMs, ...(isIP(this.#hostname) === 0 && { servername: this.#hostname }) },
      headersTimeout: options.headersMs,
      bodyTimeout: options.bodyMs,
    });
  }

  get #hostname(): string {
    return this.url.hostname.replace(/^\[|\]$/g, '');
  }

  /** Asks one question at a time, and after a failure no sooner again than after an answer. */
  #lookUpIfDue(): void {
    const age = this.#now() - this.#lookedUpAt;
    if (this.#isLookingUp || age < (this.#leader === undefined ? SEEKING_MS : RESOLVED_MS)) return;
    this.#isLookingUp = true;
    this.#lookup = this.#lookUp().finally(() => {
      this.#isLookingUp = false;
      this.#lookedUpAt = this.#now();
    });
    // Nobody waits for it where addresses are known.
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
  if (status !== 503) return false;
  try {
    return (JSON.parse(body) as { code?: unknown } | null)?.code === 'NOT_LEADER';
  } catch {
    return false;
  }
}
