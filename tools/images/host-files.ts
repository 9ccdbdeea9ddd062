/** Image entries from this machine: programs with their libraries, and whole folders. */
import { execFile } from 'node:child_process';
import { glob, lstat, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageEntry } from './image-archive.ts';

const run = promisify(execFile);

/**
 * The program at `path` in the image, and all of its shared libraries at the paths where the loader looks for them.
 * @throws Error if `from` is not a program of this machine
 */
export async function programWithLibraries(from: string, path: string): Promise<ImageEntry[]> {
  return [{ path, copyOf: await realpath(from), mode: 0o755 }, ...(await librariesOf(from))];
}

/** Shared libraries of a program and the loader; none for a static program. */
export async function librariesOf(program: string): Promise<ImageEntry[]> {
  const listing = await run('ldd', [program]).then(
    ({ stdout }) => stdout,
    (error: Error & { stderr?: string }) => {
      if (error.stderr?.includes('not a dynamic executable')) return '';
      throw error;
    },
  );
  // `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x...)`, and `/lib64/ld-linux-x86-64.so.2 (0x...)` for the loader
  const paths = [...listing.matchAll(/(\/\S+) \(0x/g)].flatMap(([, library]) => library ?? []);
  return Promise.all(paths.map(async (library) => ({ path: library, copyOf: await realpath(library), mode: 0o755 })));
}

/**
 * All files and symbolic links below `from`, at the same paths below `to`. `keep` receives paths relative to `from`.
 */
export async function folder(from: string, to: string, keep = (_path: string): boolean => true): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for await (const path of glob('**/*', { cwd: from })) {
    if (!keep(path)) continue;
    const [source, target] = [join(from, path), join(to, path)];
    const kind = await lstat(source);
    if (kind.isSymbolicLink()) entries.push({ path: target, linkTo: await readlink(source) });
    else if (kind.isFile()) entries.push({ path: target, copyOf: source });
  }
  return entries;
}
