/** A client of the service that asks once or repeatedly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BaseAddress, pathBelow } from '../../../contract/base-address.ts';
import type { Recommendation } from '../service/server.ts';

export function csvLine(fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

const PATIENCE_MS = 5_000;

/** @throws Error with the reason if the service cannot be reached or refuses */
export async function ask(service: BaseAddress, songs: readonly string[]): Promise<Recommendation> {
  const { url, authorization } = service;
  const response = await fetch(`${url.origin}${pathBelow(service, '/api/recommend')}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
    body: JSON.stringify({ songs }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${url.href} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url.href} answers ${response.status}: ${text}`);
  return JSON.parse(text) as Recommendation;
}

export interface Watching {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Receives a line of CSV. The first has the names of the columns. */
  readonly print: (line: string) => void;
  /** Receives why an answer is missing, once while the reason stays the same. */
  readonly warn: (message: string) => void;
}

/** Asks until it is stopped, and prints a line whenever the version or date of the model changes. */
export async function askContinuously(
  service: BaseAddress,
  songs: readonly string[],
  watching: Watching,
): Promise<void> {
  const { intervalMs, signal, now, print, warn } = watching;
  print(csvLine(['time', 'version', 'model_date']));
  let last = '';
  let lastFailure = '';
  while (!signal.aborted) {
    try {
      const { version, model_date: date } = await ask(service, songs);
      const current = csvLine([version, date]);
      if (current !== last) print(csvLine([now().toISOString(), version, date]));
      last = current;
      lastFailure = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastFailure) warn(message);
      lastFailure = message;
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}
