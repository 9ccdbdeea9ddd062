/** Asks again and again, and prints a line of CSV for each request. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseAddress } from '../../../contract/base-address.ts';
import { ask } from './ask.ts';

export function csvLine(fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

const COLUMNS = ['time', 'version', 'model_date', 'model_version', 'replica', 'response_ms', 'error'];

export interface Watching {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Print a line only when version, date of the model or error differ from the line before. */
  readonly onlyChanges: boolean;
  /** Receives a line of CSV. The first has the names of the columns. */
  readonly print: (line: string) => void;
}

/** Asks until it is stopped. A failed request has a line, too: with its error, and without what an answer would say. */
export async function askContinuously(
  service: BaseAddress,
  songs: readonly string[],
  watching: Watching,
): Promise<void> {
  const { intervalMs, signal, now, onlyChanges, print } = watching;
  print(csvLine(COLUMNS));
  let last = '';
  while (!signal.aborted) {
    const time = now().toISOString();
    const start = performance.now();
    const { answer, replica, error } = await ask(service, songs).then(
      ({ recommendation: { version, model_date, model_version }, replica: by }) => {
        return { answer: [version, model_date, model_version], replica: by, error: '' };
      },
      (reason: unknown) => {
        return { answer: ['', '', ''], replica: '', error: reason instanceof Error ? reason.message : String(reason) };
      },
    );
    const current = csvLine([...answer, error]);
    if (!onlyChanges || current !== last) {
      print(csvLine([time, ...answer, replica, (performance.now() - start).toFixed(1), error]));
    }
    last = current;
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}
