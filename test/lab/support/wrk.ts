/** wrk, the load generator that users of the hotel application know. */
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';
import { exists } from '../../../tools/install/cache.ts';
import { ensurePackages } from '../../../tools/install/debian-packages.ts';

const INSTALLED = '/usr/bin';

export interface Wrk {
  /** Folder of the program, for PATH. */
  readonly folder: string;
  /** Its own libraries, where they are not installed. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The installed one, or else Debian's package, unpacked once per machine.
 * @throws BallastError MISSING_TOOL where it cannot be had
 */
export async function ensureWrk(): Promise<Wrk> {
  if (await exists(join(INSTALLED, 'wrk'))) return { folder: INSTALLED, environment: {} };
  try {
    const root = await ensurePackages(['wrk'], 'missing');
    const libraries = await Array.fromAsync(glob('{usr/,}lib/*-linux-gnu', { cwd: root }));
    const found = libraries.map((folder) => join(root, folder)).join(':');
    return { folder: join(root, 'usr/bin'), environment: found === '' ? {} : { LD_LIBRARY_PATH: found } };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BallastError('MISSING_TOOL', `the package wrk cannot be had by apt-get (${why})`, { cause });
  }
}
