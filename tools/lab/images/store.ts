/**
 * containerd's store with all images imported and unpacked, made once. A node starts with hard links to its files,
 * which is fast and lets the nodes share one copy of each program in memory. It is safe because containerd never writes
 * to unpacked files: containers write to their own layers. Only its databases are copied.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, glob, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exists } from '../../install/cache.ts';
import { BallastError } from '../../../contract/errors.ts';
import { PAUSE_IMAGE, labCacheFolder } from '../settings.ts';
import { run, tryRun } from '../../machine/command.ts';
import type { Programs } from '../programs/programs.ts';

const START_LIMIT_MS = 20_000;
const FOLDER = join(labCacheFolder(), 'stores');

/** Kills the program when this process ends for any reason. */
const ENDING_WITH_US = 'setpriv';
const AMONG_OWN_MOUNTS = ['--pdeathsig', 'KILL', 'unshare', '--mount'];

/** Fills the folder with a temporary containerd in its own mount namespace. */
async function fill(store: string, programs: Programs, archive: string): Promise<void> {
  const running = await mkdtemp(join(tmpdir(), 'ballast-store-'));
  const socket = join(running, 'containerd.sock');
  await writeFile(join(running, 'containerd.toml'), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  const flags = [
    '--root',
    store,
    '--state',
    running,
    '--address',
    socket,
    '--config',
    join(running, 'containerd.toml'),
  ];
  const containerd = [join(programs.containerFolder, 'containerd'), ...flags];
  const daemon = spawn(ENDING_WITH_US, [...AMONG_OWN_MOUNTS, ...containerd], { stdio: 'ignore' });
  const ended = once(daemon, 'exit');
  const ctr = async (...args: readonly string[]): Promise<string> =>
    run(join(programs.containerFolder, 'ctr'), ['--address', socket, '--namespace', 'k8s.io', ...args]);
  try {
    const giveUp = Date.now() + START_LIMIT_MS;
    while ((await tryRun('test', ['-S', socket])) === undefined) {
      if (Date.now() > giveUp) throw new BallastError('CHILD_FAILED', 'containerd did not start to import images');
      await sleep(50);
    }
    await ctr('images', 'import', archive);
    // Pinned against garbage collection, because no registry has it.
    await ctr('images', 'label', PAUSE_IMAGE, 'io.cri-containerd.pinned=pinned');
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await rm(running, { recursive: true, force: true });
  }
}

/** Keys that change with the archives' content, without reading it. */
export async function keysOf(archives: readonly string[]): Promise<string[]> {
  return Promise.all(
    archives.map(async (archive) => {
      const { size, mtimeMs } = await stat(archive);
      return `${basename(archive)} ${size} ${mtimeMs}`;
    }),
  );
}

/**
 * Path of a store with the images of these archives. Stores with other images are removed. A store is made from the
 * store of all archives but the last, so archives that change often belong at the end.
 */
export async function ensureStore(programs: Programs, archives: readonly string[]): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const needed = new Set<string>();
  let store: string | undefined;
  for (const [index, archive] of archives.entries()) {
    const below = store;
    const keys = await keysOf(archives.slice(0, index + 1));
    const hash = createHash('sha256').update([programs.containerFolder, ...keys].join('\n'));
    store = join(FOLDER, hash.digest('hex').slice(0, 16));
    needed.add(basename(store));
    await addArchive(store, below, programs, archive);
  }
  for await (const old of glob('*', { cwd: FOLDER })) {
    if (!needed.has(old)) await rm(join(FOLDER, old), { recursive: true, force: true });
  }
  if (store === undefined) throw new Error('a store needs an archive');
  return store;
}

/** Makes `store` from the store `below` and an archive, unless it exists. */
async function addArchive(
  store: string,
  below: string | undefined,
  programs: Programs,
  archive: string,
): Promise<void> {
  if (await exists(store)) return;
  const aside = await mkdtemp(`${store}-`);
  try {
    if (below !== undefined) await cloneStore(below, aside);
    await fill(aside, programs, archive);
    await rename(aside, store);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Clones a store by hard links, or by copying if `target` is on another file system. */
export async function cloneStore(store: string, target: string): Promise<void> {
  if ((await tryRun('cp', ['--archive', '--link', '--no-target-directory', store, target])) === undefined) {
    await rm(target, { recursive: true, force: true });
    await run('cp', ['--archive', '--no-target-directory', store, target]);
    return;
  }
  for await (const database of glob('*/*.db', { cwd: store })) {
    await rm(join(target, database));
    await copyFile(join(store, database), join(target, database));
  }
}
