/** A lock, so that only one command at a time changes the lab. It is valid while the process that holds it lives. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { BallastError } from '../../../contract/errors.ts';
import { processIdentity } from '../../machine/processes.ts';
import type { LabFolder } from './lab-folder.ts';

/**
 * Runs `act` with the lock.
 * @throws BallastError LAB_BUSY if another process has it
 */
export async function withLock<T>(folder: LabFolder, act: () => Promise<T>): Promise<T> {
  const path = folder.file('lock');
  const own = processIdentity(process.pid) ?? String(process.pid);
  const holder = readHolder(path);
  if (holder !== undefined && processIdentity(Number.parseInt(holder, 10)) === holder && holder !== own) {
    const message = `another command (process ${Number.parseInt(holder, 10)}) is changing the lab`;
    throw new BallastError('LAB_BUSY', message);
  }
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, own);
  renameSync(aside, path);
  try {
    return await act();
  } finally {
    rmSync(path, { force: true });
  }
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
