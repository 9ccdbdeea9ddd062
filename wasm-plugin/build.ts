/** Builds the plugin: AssemblyScript in, one WebAssembly module out. `node wasm-plugin/build.ts [--json]` */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { relative, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { BallastError, describeFailure } from '../contract/errors.ts';

const root = join(import.meta.dirname, '..');
const sources = join(import.meta.dirname, 'assembly');
const output = join(import.meta.dirname, 'build');
const module = join(output, 'ballast.wasm');
const stamp = join(output, 'ballast.sha256');

// No garbage collector, because nothing is allocated after the start. `abort` is ours, so that no import is missing.
const FLAGS = [
  '-O3',
  '--converge',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=wasm-plugin/assembly/abi/host/abort',
];

/** Hash of everything that determines the module: sources, flags, compiler. */
async function hashOfInputs(): Promise<string> {
  const hash = createHash('sha256').update(FLAGS.join(' '));
  hash.update(await readFile(join(root, 'node_modules/assemblyscript/package.json')));
  for (const file of (await readdir(sources, { recursive: true })).toSorted()) {
    if (file.endsWith('.ts')) hash.update(`\0${file}\0`).update(await readFile(join(sources, file)));
  }
  return hash.digest('hex');
}

async function compile(target: string): Promise<void> {
  const asc = await import('assemblyscript/asc');
  const entry = relative(root, join(sources, 'main.ts'));
  const args = [entry, ...FLAGS, '--outFile', relative(root, target), '--baseDir', root];
  const { error, stderr } = await asc.main(args);
  if (error) throw new BallastError('BUILD_FAILED', `wasm-plugin: ${stderr.toString() || error.message}`);
}

/**
 * Builds the plugin unless it was already built from the same inputs.
 * @returns path of the module
 * @throws BallastError BUILD_FAILED with the compiler's message
 */
export async function buildPlugin(): Promise<string> {
  const hash = await hashOfInputs();
  const built = await Promise.all([readFile(stamp, 'utf8'), stat(module)]).then(
    ([builtFrom]) => builtFrom === hash,
    () => false,
  );
  if (built) return module;
  await mkdir(output, { recursive: true });
  // Test runners may build concurrently. Each writes a file of its own and moves it into place when it is complete.
  const unfinished = join(output, `${randomUUID()}.wasm`);
  await compile(unfinished);
  await rename(unfinished, module);
  await writeFile(stamp, hash);
  return module;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await new Command('build:plugin')
    .description('Build the WebAssembly plugin into wasm-plugin/build/ballast.wasm')
    .option('--json', 'print path and size as one JSON object')
    .action(async (options: { json?: boolean }) => {
      const path = await buildPlugin();
      const { size: bytes } = await stat(path);
      const shown = relative(process.cwd(), path);
      console.log(options.json ? JSON.stringify({ path: shown, bytes }) : `${shown}: ${bytes} bytes`);
    })
    .parseAsync()
    .catch((error: unknown) => {
      console.error(error instanceof BallastError ? describeFailure(error) : error);
      process.exitCode = 1;
    });
}
