/** One line about the load, for a person who waits. */
import type { SecondReport } from './report.ts';

export interface ProgressInput {
  readonly elapsedSeconds: number;
  readonly durationSeconds?: number;
  readonly outstanding: number;
  readonly waiting: number;
  readonly failed: number;
  /** The newest second whose requests have all come to their end. */
  readonly last?: SecondReport;
}

export function progressLine(input: ProgressInput): string {
  const of = input.durationSeconds === undefined ? '' : ` of ${input.durationSeconds}`;
  const last = input.last
    ? `${input.last.answered}/s, p50 ${input.last.p50Ms.toFixed(1)} ms, p99 ${input.last.p99Ms.toFixed(1)} ms`
    : 'no second complete yet';
  const waiting = input.waiting > 0 ? ` (${input.waiting} wait for a connection)` : '';
  return `${Math.floor(input.elapsedSeconds)}${of} s: ${last}, ${input.outstanding} outstanding${waiting}, ${input.failed} failed`;
}
