/** Waits until a server answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

const EVERY_MS = 100;

export interface Patience {
  /** Ends the wait early; its reason is the error. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Resolves when `GET url` answers 200. @throws Error with the last answer after the timeout */
export async function untilReady(url: string, { signal, timeoutMs }: Patience): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const text = await status(url, signal);
    if (text === '200') return;
    signal.throwIfAborted();
    if (Date.now() > until) throw new Error(`${url} was not ready within ${timeoutMs / 1000} s: ${text}`);
    await sleep(EVERY_MS, undefined, { signal });
  }
}

async function status(url: string, signal: AbortSignal): Promise<string> {
  try {
    const { statusCode, body } = await request(url, { signal, headersTimeout: 5_000, bodyTimeout: 5_000 });
    await body.dump();
    return String(statusCode);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
