/** Keeps a log to what is new: one line per change, none per event. */

/** Faults that others can cause at any rate are counted, but logged no more often than this. */
export const FAULT_LOG_MS = 60_000;

/** Passes a line on when the state it speaks of is another than that of the last line. */
export function onChange(write: (line: string) => void): (state: string, line: string) => void {
  let last: string | undefined;
  return (state, line) => {
    if (state === last) return;
    last = state;
    write(line);
  };
}

/** Passes a line on unless one was written less than `everyMs` ago: for what a stranger may cause at any rate. */
export function atMostEvery(everyMs: number, now: () => number, write: (line: string) => void): (line: string) => void {
  let writtenAt = -Infinity;
  return (line) => {
    if (now() - writtenAt < everyMs) return;
    writtenAt = now();
    write(line);
  };
}
