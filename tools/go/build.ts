/**
 * Builds the Go programs that tests and the lab run (istiod and the like) into the user's cache folder, once per
 * content: `<cache>/ballast/tools/<hash of the module's files>/<program>`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, exists } from '../install/cache.ts';
import { ensureGo } from '../install/go.ts';
import { DEFAULT_PAIR, istioRelease, kubernetesRelease } from '../install/versions.ts';
import { run as runCommand } from '../machine/command.ts';
import { BallastError } from '../../contract/errors.ts';

const run = promisify(execFile);
const TOOLS = import.meta.dirname;
const LINKER_FLAGS = '-s -w';

/** A module that is built in several releases, each with a `<release>.mod` of its own. */
interface Released {
  readonly usual: string;
  readonly versionOf: (release: string) => string;
}

const RELEASED: Readonly<Record<string, Released>> = {
  hyper: { usual: DEFAULT_PAIR.kubernetes, versionOf: (release) => kubernetesRelease(release).version },
  istio: { usual: DEFAULT_PAIR.istio, versionOf: (release) => istioRelease(release).version },
};

interface GoModule {
  readonly name: string;
  /** Its file of requirements. */
  readonly file: string;
  /** The version that its programs report, where it has releases. */
  readonly version?: string;
}

/** @throws BallastError INVALID_FLAG for a release that is not supported */
function moduleOf(name: string, wish?: string): GoModule {
  const released = RELEASED[name];
  if (released === undefined) return { name, file: 'go.mod' };
  const release = wish ?? released.usual;
  return { name, file: `${release}.mod`, version: released.versionOf(release) };
}

/** SHA-256 over names and contents of everything that the build reads, except Go's module cache. */
async function hashModule({ name, file, version = '' }: GoModule): Promise<string> {
  const folder = join(TOOLS, name);
  const read = [file, file.replace('.mod', '.sum'), 'ldflags', 'tags', '**/*.go'];
  const files = (await Array.fromAsync(glob(read, { cwd: folder }))).toSorted();
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${version}\n`);
  for (const file of files) {
    const content = await readFile(join(folder, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/**
 * The Go package of a program: the folder of the module with the program's name; else the package that `tools.go`
 * imports from another module, which is how go.mod records programs that are not ours; else the module's own folder.
 */
async function packageOf({ name: module }: GoModule, program: string): Promise<string> {
  const folder = join(TOOLS, module);
  if (await isFolder(join(folder, program))) return `./${program}`;
  const imports = await readFile(join(folder, 'tools.go'), 'utf8').catch(() => '');
  const found = [...imports.matchAll(/"(.+)"/g)]
    .map((match) => match[1] ?? '')
    .find((path) => basename(path) === program);
  return found ?? '.';
}

/** The content of one of the module's files with build options; '' if there is no such file. */
async function wordsOf({ name }: GoModule, file: 'ldflags' | 'tags'): Promise<string> {
  const words = await readFile(join(TOOLS, name, file), 'utf8').catch(() => '');
  return words.trim().replaceAll('\n', ' ');
}

/** Linker flags: those for a small program, and the module's file `ldflags` with its version filled in. */
async function linkerFlags(module: GoModule): Promise<string> {
  const [major = '', minor = ''] = module.version?.split('.') ?? [];
  const own = await wordsOf(module, 'ldflags');
  const filled = own
    .replaceAll('{version}', module.version ?? '')
    .replaceAll('{major}', major)
    .replaceAll('{minor}', minor);
  return `${LINKER_FLAGS} ${filled}`.trim();
}

/**
 * Path of the program `<module>/<program>` below `tools/go`, for example `istio/pilot-discovery`; a name alone, such
 * as `hyper`, is a module's program of the same name. `release` is that of Kubernetes or Istio, for their modules.
 * Builds it if the cache has none for these sources: istiod takes 4 to 7 minutes on 2 cores, Kubernetes (`hyper`) 11 to
 * 13, promtool 3.
 * @throws BallastError MISSING_TOOL if there is no Go and none can be installed; BUILD_FAILED with the compiler's last lines.
 */
export async function buildGoTool(tool: string, release?: string): Promise<string> {
  const module = moduleOf(tool.includes('/') ? dirname(tool) : tool, release);
  const folder = join(cacheFolder(), 'tools', await hashModule(module));
  const binary = join(folder, basename(tool));
  if (await exists(binary)) return binary;
  const go = await ensureGo();
  await mkdir(folder, { recursive: true });
  // Built under another name and renamed, so that an interrupted build leaves no broken program.
  const unfinished = `${binary}.${process.pid}.unfinished`;
  const source = await packageOf(module, basename(tool));
  try {
    // `tags` leave out parts of a program, such as Prometheus' service discovery.
    const options = [`-tags=${await wordsOf(module, 'tags')}`, `-ldflags=${await linkerFlags(module)}`];
    const flags = [`-modfile=${module.file}`, '-trimpath', ...options];
    // With `nice`, the compiler does not take the cores from tests that run at the same time.
    await run('nice', [go.command, 'build', ...flags, '-o', unfinished, source], {
      cwd: join(TOOLS, module.name),
      env: { ...go.environment, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
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

/**
 * Folder with the sources of a package that a module here requires, in Go's own cache. Go downloads them if they are missing.
 * @throws BallastError MISSING_TOOL without Go, COMMAND_FAILED if the module does not require the package
 */
export async function goSources(module: string, packageName: string, release?: string): Promise<string> {
  const { command, environment } = await ensureGo();
  const { name, file } = moduleOf(module, release);
  const args = ['list', `-modfile=${file}`, '-f', '{{.Module.Dir}}', packageName];
  return (await runCommand(command, args, { cwd: join(TOOLS, name), env: environment })).trim();
}
