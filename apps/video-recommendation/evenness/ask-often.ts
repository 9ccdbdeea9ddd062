/** Asks an address many times and counts which replica answered. */
import { Agent, request } from 'undici';
import { type BaseAddress, pathBelow } from '../../../contract/base-address.ts';
import { USERS } from '../data/users.ts';

const PATIENCE_MS = 5000;
const MAX_BYTES = 1024 * 1024;

export interface Asking {
  readonly address: BaseAddress;
  readonly requests: number;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** Response header with the name of the replica. */
  readonly header: string;
  /** Keep connections. Otherwise each request has its own, so that a balancer of connections spreads them, too. */
  readonly keepAlive: boolean;
  /** Path below the address; undefined for recommendations of one user after the other. */
  readonly path: string | undefined;
}

export interface Counted {
  /** Answers by name of the replica. */
  readonly counts: ReadonlyMap<string, number>;
  /** Requests without an answer, with a status of 400 or above, or without the header. */
  readonly failed: number;
  /** The reason of the first of them. */
  readonly firstFailure: string | undefined;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The message of an AggregateError, of a name with several addresses, is empty.
  return error.message || (Reflect.get(error, 'code') as string | undefined) || error.name;
}

export async function askOften(asking: Asking): Promise<Counted> {
  const { address, requests, concurrency, header, keepAlive, path } = asking;
  const agent = new Agent({
    connections: concurrency,
    pipelining: keepAlive ? 1 : 0,
    maxResponseSize: MAX_BYTES,
    connect: { timeout: PATIENCE_MS },
  });
  const counts = new Map<string, number>();
  let failed = 0;
  let firstFailure: string | undefined;
  const fail = (reason: string): void => {
    failed += 1;
    firstFailure ??= reason;
  };
  let sent = 0;
  const askOne = async (index: number): Promise<void> => {
    const below = pathBelow(address, path ?? `/recommendations/${1 + (index % USERS)}`);
    try {
      const { statusCode, headers, body } = await request(`${address.url.origin}${below}`, {
        dispatcher: agent,
        headers: address.authorization === undefined ? {} : { authorization: address.authorization },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await body.dump({ limit: MAX_BYTES });
      const replica = headers[header];
      if (statusCode >= 400) fail(`the answer to GET ${below} has status ${statusCode}`);
      else if (typeof replica !== 'string' || replica === '')
        fail(`the answer to GET ${below} has no header ${header}`);
      else counts.set(replica, (counts.get(replica) ?? 0) + 1);
    } catch (error) {
      fail(`${address.url.origin} does not answer: ${reasonOf(error)}`);
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(concurrency, requests) }, async () => {
      while (sent < requests) await askOne(sent++);
    }),
  );
  await agent.close();
  return { counts, failed, firstFailure };
}
