/**
 * containerd's store with all images imported and unpacked, made once; a node starts with hard links to its files,
 * which takes no time, and the nodes share one copy of each program in memory. That is safe because containerd never
 * writes to what it has unpacked: containers write to layers of their own. Only its databases are copied.
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

/** The program is killed when this process ends, however it ends. */
const ENDING_WITH_US = 'setpriv';
const AMONG_OWN_MOUNTS = ['--pdeathsig', 'KILL', 'unshare', '--mount'];

/** Fills the folder by a containerd of its own, in a mount namespace of its own. */
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
      if (Date.now() > giveUp) throw new BallastError('CHILD_FAILED', 'containerd does not start to import images');
      await sleep(50);
    }
    await ctr('images', 'import', archive);
    // Nobody could bring it back.
    await ctr('images', 'label', PAUSE_IMAGE, 'io.cri-containerd.pinned=pinned');
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await rm(running, { recursive: true, force: true });
  }
}

/** Tells the content of archives apart without reading them. */
export async function keysOf(archives: readonly string[]): Promise<string[]> {
  return Promise.all(
    archives.map(async (archive) => {
      const { size, mtimeMs } = await stat(archive);
      return `${basename(archive)} ${size} ${mtimeMs}`;
    }),
  );
}

/**
 * Path of a store with the images of these archives; stores of other images are removed. Archives that change often
 * belong at the end: a store is made of the one with all archives but the last.
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

/** Makes `store` of the one below and an archive, unless it is there. */
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

/** Makes `target` a store like this one. Without hard links (another file system) it is copied. */
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
