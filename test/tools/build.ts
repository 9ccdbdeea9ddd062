/**
 * Builds the Go programs that tests run (istiod and the like) into the user's cache folder, once per content:
 * `<cache>/ballast/tools/<hash of the module's files>/<program>`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, glob, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BallastError } from '../../central-controller/contract/errors.ts';

const run = promisify(execFile);
const TOOLS = import.meta.dirname;

/** Folder that tools are kept in between test runs; `XDG_CACHE_HOME` moves it. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ballast', 'tools');
}

/** SHA-256 over names and contents of everything that the build reads, apart from Go's own module cache. */
async function hashModule(module: string): Promise<string> {
  const folder = join(TOOLS, module);
  const files = (await Array.fromAsync(glob(['go.mod', 'go.sum', '**/*.go'], { cwd: folder }))).toSorted();
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of files) {
    const content = await readFile(join(folder, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function requireGo(): Promise<void> {
  try {
    await run('go', ['version']);
  } catch (cause) {
    const message = 'go: not found on PATH; tests build istiod from source with it (https://go.dev/dl, 1.25 or newer)';
    throw new BallastError('MISSING_TOOL', message, { cause });
  }
}

/**
 * Path of the program `<module>/<package>` below `test/tools`, for example `istio/pilot-discovery`; a name alone, such
 * as `fortio`, is a module's program of the same name. Builds it where the cache has none for these sources: istiod
 * takes 4 to 7 minutes on 2 cores.
 * @throws BallastError MISSING_TOOL without Go; BUILD_FAILED with the compiler's last lines.
 */
export async function buildGoTool(tool: string): Promise<string> {
  const module = tool.includes('/') ? dirname(tool) : tool;
  const folder = join(cacheFolder(), await hashModule(module));
  const binary = join(folder, basename(tool));
  if (await exists(binary)) return binary;
  await requireGo();
  await mkdir(folder, { recursive: true });
  // Built aside and renamed, so that a build that was cut short is never taken for a program.
  const unfinished = `${binary}.${process.pid}.unfinished`;
  try {
    await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, `./${basename(tool)}`], {
      cwd: join(TOOLS, module),
      env: { ...process.env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
      maxBuffer: 64 << 20,
    });
    await rename(unfinished, binary);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    const lines = output.trim().split('\n').slice(-20).join('\n');
    throw new BallastError('BUILD_FAILED', `go build of ${tool} failed:\n${lines}`, { cause });
  }
  return binary;
}
