/** Sends requests that name a replica, and counts who answers them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { type BaseAddress, pathBelow } from '../../../contract/base-address.ts';
import { ENDPOINT_HEADER } from '../../../contract/names.ts';

const TIMEOUT_MS = 10_000;

/** A replica that is chosen by weight answers so many in a row once in thousands of tries. */
const ALIKE_IN_A_ROW = 8;
const SETTLE_PAUSE_MS = 100;

export interface RequestTarget {
  readonly address: BaseAddress;
  /** Begins with a slash. */
  readonly path: string;
  /** Host header, where the gateway routes by it. */
  readonly host?: string;
  /** Response header that names the replica. */
  readonly replicaHeader: string;
}

/** What became of the requests that named one replica. */
export interface PinnedRequests {
  readonly sent: number;
  /** Successful answers by the replica that the response names; '' where it names none. */
  readonly answered: Readonly<Record<string, number>>;
  /** Requests without a successful answer, by reason. */
  readonly failures: Readonly<Record<string, number>>;
}

type Outcome = { readonly replica: string } | { readonly failure: string };

function failureOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer in ${TIMEOUT_MS / 1000} s`;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** A client of one gateway. It keeps its connections until it is closed. */
export class PinnedClient {
  readonly #target: RequestTarget;
  readonly #agent = new Agent();

  constructor(target: RequestTarget) {
    this.#target = target;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Sends so many requests at a constant rate, without waiting for answers in between. */
  async send(replica: string, requests: number, ratePerSecond: number): Promise<PinnedRequests> {
    const start = performance.now();
    const outcomes: Promise<Outcome>[] = [];
    for (let sent = 0; sent < requests; sent++) {
      const waitMs = start + (sent * 1000) / ratePerSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      outcomes.push(this.#ask(replica));
    }
    const answered: Record<string, number> = {};
    const failures: Record<string, number> = {};
    for (const outcome of await Promise.all(outcomes)) {
      if ('replica' in outcome) count(answered, outcome.replica);
      else count(failures, outcome.failure);
    }
    return { sent: requests, answered, failures };
  }

  /**
   * Waits until the replica alone answers: a policy that was just changed takes a moment to reach the gateway, and a
   * proxy learns of a service by its first request. Gives up after `seconds`.
   */
  async settle(replica: string, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    for (let alike = 0; alike < ALIKE_IN_A_ROW && performance.now() < end;) {
      const outcome = await this.#ask(replica);
      const isPinned = 'replica' in outcome && outcome.replica === replica;
      alike = isPinned ? alike + 1 : 0;
      if (!isPinned) await sleep(SETTLE_PAUSE_MS);
    }
  }

  async #ask(replica: string): Promise<Outcome> {
    const { address, path, host, replicaHeader } = this.#target;
    const { url, authorization } = address;
    try {
      const { statusCode, headers, body } = await request(`${url.origin}${pathBelow(address, path)}`, {
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          [ENDPOINT_HEADER]: replica,
          ...(host !== undefined && { host }),
          ...(authorization !== undefined && { authorization }),
        },
      });
      await body.dump();
      if (statusCode >= 400) return { failure: `status ${statusCode}` };
      const named = headers[replicaHeader];
      return { replica: (Array.isArray(named) ? named[0] : named) ?? '' };
    } catch (error) {
      return { failure: failureOf(error) };
    }
  }
}
