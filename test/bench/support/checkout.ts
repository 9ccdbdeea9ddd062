/** Another version of Ballast, to compare with this one. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * The directory of the version: an existing checkout, or a new one of the commit with the packages of this checkout, which
 * `cleanup` removes.
 */
export function openCheckout(version: string, cleanup: AsyncDisposableStack): string {
  if (existsSync(version)) return version;
  const directory = mkdtempSync(join(tmpdir(), 'ballast-against-'));
  cleanup.defer(() => {
    rmSync(directory, { recursive: true, force: true });
    git('worktree', 'prune');
  });
  try {
    git('worktree', 'add', '--detach', directory, version);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error);
    throw new BallastError('INVALID_FLAG', `--against ${version}: neither a checkout nor a commit of this one: ${why}`);
  }
  const missing = packagesAmiss(directory);
  if (missing.length > 0) {
    const need = `it needs ${missing.join(', ')}; name a checkout of it in which \`npm ci\` was run`;
    throw new BallastError('INVALID_FLAG', `--against ${version}: ${need}`);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

function git(...args: string[]): void {
  execFileSync('git', ['-C', ROOT, ...args], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

/** Packages of the version that are not installed here, or in another version. */
export function packagesAmiss(directory: string): string[] {
  const wanted = Object.entries(dependenciesIn(join(directory, 'package.json')));
  return wanted.filter(([name, version]) => installed(name) !== version).map(([name, version]) => `${name}@${version}`);
}

function installed(name: string): unknown {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  if (!existsSync(file)) return undefined;
  const described: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof described === 'object' && described !== null && 'version' in described ? described.version : undefined;
}

function dependenciesIn(file: string): Readonly<Record<string, unknown>> {
  const described: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof described !== 'object' || described === null || !('dependencies' in described)) return {};
  const { dependencies } = described;
  return typeof dependencies === 'object' && dependencies !== null ? { ...dependencies } : {};
}
