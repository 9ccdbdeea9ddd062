/**
 * `npm test`: brings what the tests need, checks the sources, runs every test and closes with one line that counts them.
 * Ends with exit code 1 when a check or test fails. What a machine cannot run is named in one line with the reason; in
 * CI (environment variable `CI`) that is a failure too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { requireLabMachine } from '../tools/lab/requirements.ts';
import { ensureChromium } from '../tools/install/chromium.ts';
import { ensureGo } from '../tools/install/go.ts';
import { DEFAULT_PAIR } from '../tools/install/versions.ts';
import { ensurePrograms } from '../tools/lab/programs/programs.ts';
import { ensureSystemPrograms } from '../tools/lab/programs/system-programs.ts';
import { ensureEnvoy } from '../tools/local-mesh/envoy/install.ts';
import { describeFailure, BallastError } from '../contract/errors.ts';
import { buildPlugin } from '../wasm-plugin/build.ts';
import { ensureMachinePrograms } from './cgroup-v2/machine/programs.ts';
import { buildGoTool } from '../tools/go/build.ts';
import { ensureWrk } from './lab/support/wrk.ts';

const root = join(import.meta.dirname, '..');
const isCi = process.env['CI'] !== undefined;

/** Go programs that tests of the suite `real` run; what the lab needs besides is the lab's to know. */
const TOOLS = ['fortio', 'helm', 'istio/pilot-discovery', 'istio/analyze', 'hyper', 'prometheus/promtool'];

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, one paragraph each. */
  readonly failures: readonly string[];
}

/** What is read of Vitest's report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Runs one program of node_modules/.bin in the foreground; true when it succeeded. */
async function check(title: string, command: string, ...args: string[]): Promise<boolean> {
  console.log(`\n> ${title}`);
  const child = spawn(join(root, 'node_modules', '.bin', command), args, { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
}

/** Why this machine cannot bring what a suite needs; undefined when it can. */
async function whyNot(...bring: readonly (() => Promise<unknown>)[]): Promise<string | undefined> {
  try {
    for (const each of bring) await each();
    return undefined;
  } catch (error) {
    if (error instanceof BallastError) return error.message;
    throw error;
  }
}

/** Builds what is missing of the Go programs, one after the other: Go's compiler uses all cores by itself. */
async function buildTools(withLab: boolean): Promise<void> {
  const say = (tool: string) => console.log(`> ${tool} (built once per machine, which can take minutes)`);
  for (const tool of TOOLS) {
    say(tool);
    await buildGoTool(tool);
  }
  if (withLab) await ensurePrograms(DEFAULT_PAIR, say);
}

async function checkSources(): Promise<boolean> {
  const folders = ['contract', 'central-controller', 'host-agent', 'wasm-plugin', 'apps', 'tools'];
  const checks = [
    ['types', 'tsc', '--noEmit'],
    ['types of the page', 'tsc', '-p', 'central-controller/dashboard'],
    ['lint', 'oxlint', '--deny-warnings', '.'],
    ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
    ['dependency rules', 'depcruise', '--config', '.dependency-cruiser.mjs', ...folders],
    ['unused code', 'knip'],
  ] as const;
  let clean = true;
  for (const [title, command, ...args] of checks) clean = (await check(title, command, ...args)) && clean;
  return clean;
}

/** Runs the tests of a project of vitest.config.ts, as far as `args` choose them. */
async function runTests(project: string, args: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
  const file = join(folder, 'results.json');
  const flags = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, '--passWithNoTests'];
  try {
    const success = await check(`tests: ${project}`, 'vitest', 'run', `--project=${project}`, ...flags, ...args);
    return countsOf(file, success);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function countsOf(file: string, success: boolean): Counts {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Report;
  // A file that cannot be loaded holds no test, yet it is a failure.
  const broken = results.testResults.filter(
    (tests) => tests.status === 'failed' && tests.assertionResults.length === 0,
  );
  const left = results.numTotalTests - results.numPassedTests - results.numFailedTests;
  const failed = results.numFailedTests + broken.length + left;
  const failures = [
    ...broken.map(({ name, message }) => `${relative(root, name)} could not be run\n${message}`),
    ...results.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) =>
          [`${relative(root, name)}: ${fullName}`, ...failureMessages].join('\n'),
        ),
    ),
    ...(left > 0 ? [`${left} tests did not run, which counts as failed`] : []),
  ];
  if (success || failed > 0) return { passed: results.numPassedTests, failed, failures };
  // What fails outside of tests, such as the lab's coming up, is a failure as well.
  return { passed: results.numPassedTests, failed: 1, failures: ['Something failed outside of tests: see above'] };
}

async function run(args: readonly string[]): Promise<boolean> {
  console.log('> plugin');
  console.log(await buildPlugin());
  console.log('> Envoy, Go, Chromium');
  const noPrograms = await whyNot(ensureEnvoy, ensureGo, ensureChromium);
  const noBrowser = await whyNot(ensureChromium);
  const noLab = noPrograms ?? (await whyNot(requireLabMachine, ensureSystemPrograms, ensureWrk));
  // From nothing the tools take half an hour, in which all else is done that needs none of them.
  const tools = noPrograms === undefined ? buildTools(noLab === undefined) : Promise.resolve();
  tools.catch(() => undefined);
  const clean = await checkSources();
  const counts = [await runTests('unit', args), await runTests('programs', args)];
  const missing: string[] = [];
  for (const [suite, folders, why] of [
    ['real', 'test/apps, test/cluster, test/envoy, test/tools', noPrograms],
    ['browser', 'test/dashboard', noBrowser],
    ['cgroup-v2', 'test/cgroup-v2', await whyNot(ensureMachinePrograms)],
    ['lab', 'test/lab', noLab],
  ] as const) {
    if (suite === 'real') await tools;
    if (why === undefined) counts.push(await runTests(suite, args));
    else missing.push(`the suite ${suite} (${folders}), since ${why}.`);
  }

  // Once more at the end: what each suite said of its own may be half an hour of output above.
  for (const failure of counts.flatMap(({ failures }) => failures)) console.log(`\nFailed: ${failure}`);
  if (!clean) console.log('The checks of the sources above found something to mend.');
  for (const suite of missing) console.log(`${isCi ? 'Not run, which is a failure in CI' : 'Not run'}: ${suite}`);
  const passed = counts.reduce((sum, suite) => sum + suite.passed, 0);
  const failed = counts.reduce((sum, suite) => sum + suite.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return clean && failed === 0 && passed > 0 && !(isCi && missing.length > 0);
}

try {
  process.exitCode = (await run(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof BallastError)) throw error;
  console.error(`\nCannot run the tests: ${describeFailure(error)}`);
  process.exitCode = 1;
}
