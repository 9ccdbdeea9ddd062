/**
 * The two programs that Go alone cannot build: runc, which needs C, and iptables. They are taken from this machine. If
 * they are not installed, their Debian packages are downloaded and unpacked into the cache; nothing is installed.
 */
import { createHash } from 'node:crypto';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../install/cache.ts';
import { BallastError } from '../../../contract/errors.ts';
import { unpackPackages } from '../../install/debian-packages.ts';
import { labCacheFolder } from '../settings.ts';

const PACKAGES = ['runc', 'libseccomp2', 'iptables', 'libxtables12', 'libmnl0', 'libnftnl11'];
const PLACES = ['usr/sbin', 'usr/bin', 'sbin', 'bin', 'usr/local/sbin', 'usr/local/bin'];

export interface SystemPrograms {
  readonly runc: string;
  /** iptables with the nftables back end: one program with several names. */
  readonly iptables: string;
  /** Folder with iptables' extensions. */
  readonly iptablesModules: string;
  /** Folder of their libraries, if they are not installed. */
  readonly libraries?: string;
}

async function findProgram(root: string, name: string): Promise<string | undefined> {
  for (const place of PLACES) {
    const path = join(root, place, name);
    if (await exists(path)) return path;
  }
  return undefined;
}

async function findBelow(root: string): Promise<SystemPrograms | undefined> {
  const [runc, iptables] = await Promise.all([findProgram(root, 'runc'), findProgram(root, 'xtables-nft-multi')]);
  const [modules] = await Array.fromAsync(glob('usr/lib*/{xtables,*/xtables}', { cwd: root }));
  if (runc === undefined || iptables === undefined || modules === undefined) return undefined;
  const found = { runc, iptables, iptablesModules: join(root, modules) };
  return root === '/' ? found : { ...found, libraries: join(root, modules, '..') };
}

async function download(root: string): Promise<void> {
  try {
    await unpackPackages(root, PACKAGES, 'none');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `runc and iptables are not installed and cannot be downloaded: install both (${why})`;
    throw new BallastError('MISSING_TOOL', message, { cause });
  }
}

/** @throws BallastError MISSING_TOOL if they are neither installed nor downloadable */
export async function ensureSystemPrograms(): Promise<SystemPrograms> {
  const key = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 8);
  const root = join(labCacheFolder(), `packages-${key}`);
  const installed = (await findBelow('/')) ?? (await findBelow(root));
  if (installed) return installed;
  await download(root);
  const downloaded = await findBelow(root);
  if (downloaded) return downloaded;
  throw new BallastError('MISSING_TOOL', 'runc or iptables (with its nftables back end) is not where it is expected');
}
