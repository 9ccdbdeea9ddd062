/** What `/proc/<pid>/stat` says of one process. Times are in clock ticks. */
import { readFileSync } from 'node:fs';
import { nextWord, numberAt } from './fields.ts';
import { TICKS_PER_SECOND } from './proc-stat.ts';

const CLOSING_BRACKET = 41;
/** Fields as proc(5) numbers them; the state is the first after the command's name. */
const STATE = 3;
const OWN_TICKS = [14, 15];
const WAITED_TICKS = [16, 17];
const STARTED_AT = 22;

export interface ProcessStat {
  /** User and system time of the process itself. */
  readonly own: number;
  /** The same of its children, and theirs, from the moment they were waited for. */
  readonly waited: number;
  /** Since the machine started. */
  readonly startedAt: number;
}

/** Undefined where the text is none of `/proc/<pid>/stat`. */
export function parseProcessStat(bytes: Uint8Array, length: number): ProcessStat | undefined {
  // The command's name may hold anything, brackets and spaces included, so the fields begin after the last bracket.
  let at = length - 1;
  while (at >= 0 && bytes[at] !== CLOSING_BRACKET) at--;
  if (at < 0) return undefined;
  const sums = { own: 0, waited: 0, startedAt: 0 };
  for (let field = STATE; field <= STARTED_AT; field++) {
    at = nextWord(bytes, length, at);
    const sum = sumOf(field);
    if (sum === undefined) continue;
    const value = numberAt(bytes, length, at);
    if (value === undefined) return undefined;
    sums[sum] += value;
  }
  return sums;
}

function sumOf(field: number): keyof ProcessStat | undefined {
  if (OWN_TICKS.includes(field)) return 'own';
  if (WAITED_TICKS.includes(field)) return 'waited';
  return field === STARTED_AT ? 'startedAt' : undefined;
}

/**
 * A clock on the scale of `startedAt`. This process's own start is its zero point, since `/proc/uptime` may be a
 * container's.
 */
export function startClock(): () => number {
  const text = readFileSync('/proc/self/stat');
  const startedAt = parseProcessStat(text, text.length)?.startedAt ?? 0;
  return () => startedAt + process.uptime() * TICKS_PER_SECOND;
}
