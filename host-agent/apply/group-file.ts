/** Small files of a cgroup, as text. */
import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The text without its newline; undefined when it cannot be read, for example because the group is gone. */
export function readText(directory: string, file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The integer that a file holds; undefined when it holds something else. */
export function readNumber(directory: string, file: string): number | undefined {
  const text = readText(directory, file);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Replaces the text of an existing file; returns the reason when it cannot. */
export function writeText(directory: string, file: string, text: string): string | undefined {
  let opened: number | undefined;
  try {
    opened = openSync(join(directory, file), constants.O_WRONLY | constants.O_TRUNC);
    writeSync(opened, text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

/** Differs between a group and one that is made later under the same name; undefined when there is no group. */
export function groupIdentity(directory: string): string | undefined {
  return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}
