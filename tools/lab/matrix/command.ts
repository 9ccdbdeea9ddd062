/** `npm run lab -- matrix`: the lab's tests of what Ballast is for, on one pair of releases after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { BallastError } from '../../../contract/errors.ts';
import { MATRIX, type Pair, nameOf } from '../../install/versions.ts';
import { ISTIO, KUBERNETES } from '../../../contract/releases.ts';
import { PAIR_VARIABLE } from '../lab.ts';
import { requireLabMachine } from '../requirements.ts';
import { LabFolder, readRecord } from '../state/lab-folder.ts';
import { type Combination, FILES, type TestReport, combinationOf, complaints, summaryOf } from './scenarios.ts';
import { matrixTable } from './table.ts';

const ROOT = join(import.meta.dirname, '../../..');

interface MatrixFlags {
  readonly only: readonly Pair[];
  readonly json?: true;
}

function pairsOf(text: string): Pair[] {
  return text.split(',').map((words) => {
    const [kubernetes = '', istio = ''] = words.trim().split('/');
    if (kubernetes in KUBERNETES && istio in ISTIO) return { kubernetes, istio };
    const known = `${Object.keys(KUBERNETES).join(', ')} and ${Object.keys(ISTIO).join(', ')}`;
    throw new InvalidArgumentError(`${words} is no <Kubernetes>/<Istio> of ${known}.`);
  });
}

/** Brings a lab of these releases up, runs the tests in it, and takes it down. */
async function runPair(pair: Pair): Promise<Combination> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-matrix-'));
  const file = join(folder, 'results.json');
  const flags = ['run', '--project=lab', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const vitest = spawn(join(ROOT, 'node_modules/.bin/vitest'), [...flags, ...FILES], {
      cwd: ROOT,
      env: { ...process.env, [PAIR_VARIABLE]: `${pair.kubernetes}/${pair.istio}` },
      // What the tests say goes where progress goes: the table alone is the output.
      stdio: ['ignore', process.stderr, process.stderr],
    });
    await once(vitest, 'close');
    return combinationOf(pair, readReport(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(file: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport;
  } catch {
    return undefined; // The lab did not come up, as the output above says.
  }
}

async function runMatrix({ only, json }: MatrixFlags): Promise<void> {
  await requireLabMachine();
  if (readRecord(new LabFolder()) !== undefined) {
    throw new BallastError('LAB_BUSY', 'the matrix needs the lab for itself: npm run lab -- down');
  }
  const combinations: Combination[] = [];
  for (const pair of only) {
    console.error(`\n${nameOf(pair)}`);
    combinations.push(await runPair(pair));
  }
  const summary = summaryOf(combinations);
  if (json) console.log(JSON.stringify({ summary, combinations }, null, 2));
  else console.log([matrixTable(combinations), ...complaints(combinations)].join('\n'));
  if (summary.passed < summary.combinations || summary.failed_requests > 0) process.exitCode = 1;
}

export function matrixCommand(): Command {
  return new Command('matrix')
    .description('the main job, scaling, rolling update, pinning and failover on each pair of releases, in one table')
    .option('--only <pairs>', 'such as 1.37/1.31,1.34/1.29 (default: those that the guide names)', pairsOf, MATRIX)
    .option('--json', 'print one JSON object')
    .action(runMatrix);
}
