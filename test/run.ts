/**
 * `npm test`: brings what the tests need, checks the sources, runs every test and closes with one line that counts them.
 * Ends with exit code 1 when a check or test fails or a part is missing; nothing is ever skipped for want of a tool.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureEnvoy } from '../apps/local-mesh/envoy/install.ts';
import { describeFailure, BallastError } from '../central-controller/contract/errors.ts';
import { buildPlugin } from '../wasm-plugin/build.ts';
import { buildGoTool } from './tools/build.ts';

const root = join(import.meta.dirname, '..');

/** Runs one program of node_modules/.bin in the foreground; true when it succeeded. */
function check(title: string, command: string, ...args: string[]): boolean {
  console.log(`\n> ${title}`);
  const bin = join(root, 'node_modules', '.bin');
  const run = spawnSync(join(bin, command), args, { cwd: root, stdio: 'inherit' });
  return run.status === 0;
}

async function prepare(): Promise<void> {
  console.log('> plugin');
  console.log(await buildPlugin());
  console.log('> Envoy');
  console.log(await ensureEnvoy());
  for (const tool of ['istio/pilot-discovery', 'fortio']) {
    console.log(`> ${tool} (built once per machine, which can take some minutes)`);
    console.log(await buildGoTool(tool));
  }
}

function checkSources(): boolean {
  const folders = ['central-controller', 'host-agent', 'wasm-plugin', 'istio-configs', 'apps'];
  return [
    check('types', 'tsc', '--noEmit'),
    check('types of the page', 'tsc', '-p', 'central-controller/dashboard'),
    check('lint', 'oxlint', '--deny-warnings', '.'),
    check('format', 'prettier', '--check', '--log-level', 'warn', '.'),
    check('dependency rules', 'depcruise', '--config', '.dependency-cruiser.json', ...folders),
    check('unused code', 'knip'),
  ].every(Boolean);
}

/** Runs vitest and prints the counts; true when at least one test ran and none failed. */
function runTests(args: string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
  const file = join(folder, 'results.json');
  check('tests', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args);
  const results = JSON.parse(readFileSync(file, 'utf8')) as {
    success: boolean;
    numPassedTests: number;
    numFailedTests: number;
    numTotalTests: number;
    testResults: { status: string; assertionResults: unknown[]; name: string }[];
  };
  rmSync(folder, { recursive: true });
  // A file that cannot be loaded holds no test, yet it is a failure.
  const broken = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const left = results.numTotalTests - results.numPassedTests - results.numFailedTests;
  const failed = results.numFailedTests + broken.length + left;
  for (const file of broken) console.log(`could not be run: ${file.name}`);
  if (left > 0) console.log(`${left} tests did not run, which counts as failed`);
  console.log(`\n${results.numPassedTests} passed, ${failed} failed`);
  return results.success && failed === 0 && results.numPassedTests > 0;
}

try {
  await prepare();
  const clean = checkSources();
  const passed = runTests(process.argv.slice(2));
  if (!clean) console.log('The checks of the sources above found something to mend.');
  process.exitCode = clean && passed ? 0 : 1;
} catch (error) {
  if (!(error instanceof BallastError)) throw error;
  console.error(`\nCannot run the tests: ${describeFailure(error)}`);
  process.exitCode = 1;
}
