/** Debian packages, downloaded and unpacked into a folder of the user's cache. Nothing is installed; no root is needed. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../machine/command.ts';
import { cacheFolder, exists } from './cache.ts';

/** Which packages come along: none; those that this machine lacks; or all, the C library included. */
export type Dependencies = 'none' | 'missing' | 'all';

/** Flags that give apt-get lists, a cache and locks of its own below `folder`: the machine's may be old or missing. */
async function ownFlags(folder: string, dependencies: Dependencies): Promise<string[]> {
  const options = {
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Debug::NoLocking': 'true',
    // An empty status file stands for a machine on which nothing is installed.
    ...(dependencies === 'all' && { 'Dir::State::status': join(folder, 'status') }),
  };
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/**
 * Downloads the packages and puts their files below `root`, which is replaced as a whole.
 * @throws BallastError MISSING_TOOL without apt-get or dpkg-deb, COMMAND_FAILED when a package cannot be had
 */
export async function unpackPackages(
  root: string,
  names: readonly string[],
  dependencies: Dependencies,
): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  const aside = await mkdtemp(`${root}-`);
  try {
    const flags = await ownFlags(aside, dependencies);
    const archives = join(aside, 'cache', 'archives');
    await run('apt-get', ['update', ...flags]);
    if (dependencies === 'none') await run('apt-get', ['download', ...flags, ...names], { cwd: archives });
    else await run('apt-get', ['install', '--download-only', '--yes', ...flags, ...names]);
    for (const name of await readdir(archives)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['--extract', join(archives, name), join(aside, 'root')]);
    }
    await rm(root, { recursive: true, force: true });
    await rename(join(aside, 'root'), root);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** The folder with the packages' files, unpacked once per machine. @throws BallastError as {@link unpackPackages} does */
export async function ensurePackages(names: readonly string[], dependencies: Dependencies): Promise<string> {
  const key = createHash('sha256')
    .update(`${dependencies} ${names.join(' ')}`)
    .digest('hex')
    .slice(0, 8);
  const root = join(cacheFolder(), 'debian', key);
  if (!(await exists(root))) await unpackPackages(root, names, dependencies);
  return root;
}
