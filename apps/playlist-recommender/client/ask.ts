/** Asks the service, once or again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recommendation } from '../service/server.ts';

export function csvLine(fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

const PATIENCE_MS = 5_000;

/** @throws Error where the service cannot be reached or refuses; its message says why */
export async function ask(service: URL, songs: readonly string[]): Promise<Recommendation> {
  const response = await fetch(new URL('/api/recommend', service), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ songs }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${service.href} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service.href} answers ${response.status}: ${text}`);
  return JSON.parse(text) as Recommendation;
}

export interface Watching {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Hears a line of CSV, the first one with the names of the columns. */
  readonly print: (line: string) => void;
  /** Hears why an answer is missing, once for each reason in a row. */
  readonly complain: (message: string) => void;
}

/** Asks until it is stopped, and prints a line whenever version or date of the model are not those of the answer before. */
export async function askContinuously(service: URL, songs: readonly string[], watching: Watching): Promise<void> {
  const { intervalMs, signal, now, print, complain } = watching;
  print(csvLine(['time', 'version', 'model_date']));
  let last = '';
  let complaint = '';
  while (!signal.aborted) {
    try {
      const { version, model_date: date } = await ask(service, songs);
      const current = csvLine([version, date]);
      if (current !== last) print(csvLine([now().toISOString(), version, date]));
      last = current;
      complaint = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== complaint) complain(message);
      complaint = message;
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}
