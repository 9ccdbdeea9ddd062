/**
 * Ballast as it ships against known policies, on simulated fleets. Assumptions:
 *
 * - Nodes share cores among control groups as CFS does, taken as a fluid; replicas work by processor sharing.
 * - Callers send independently of the responses (open loop). At one seed all policies meet the same arrivals, works, antagonists.
 * - A caller gives up after 5 s, and the replica drops the work. A failed request counts as one that took 5 s.
 * - The network takes 0.25 ms each way. Probes and reports cost no CPU, which favours those that need many.
 * - The first 30 s are not counted.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import { BallastError } from '../../../contract/errors.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { contenders, ours, rivals } from './contenders.ts';
import type { Job } from './jobs/job.ts';
import { runAll } from './jobs/pool.ts';
import { oracle } from './policies/oracle.ts';
import { type Row, type Run, bestRival, meanOf, roundOf, rowsOf } from './report/comparison.ts';
import { drawComparison } from './report/picture.ts';
import { workloads } from './workloads/all.ts';

const RIVAL_NAMES = rivals.map(({ name }) => name);

/** The `names` that contain one of the comma-separated `parts`; all if there are none. */
function chosen(flag: string, parts: string | undefined, names: readonly string[]): string[] {
  if (parts === undefined) return [...names];
  const wanted = parts.split(',').map((part) => part.trim().toLowerCase());
  const stray = wanted.find((part) => !names.some((name) => name.toLowerCase().includes(part)));
  if (stray !== undefined) {
    throw new BallastError('INVALID_FLAG', `${flag}: nothing is called '${stray}'; there are: ${names.join('; ')}`);
  }
  return names.filter((name) => wanted.some((part) => name.toLowerCase().includes(part)));
}

function count(flag: string, typed: string | undefined): number {
  const value = Number(typed);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new BallastError('INVALID_FLAG', `${flag} must be a whole number from 1 to 100, not '${typed}'`);
}

/** Seed by seed, so that first rows of every workload come soon. */
function jobsFor({ options }: BenchContext): Job[] {
  const seeds = Array.from({ length: count('--seeds', options['seeds']) }, (_, seed) => seed + 1);
  const policies = chosen(
    '--policies',
    options['policies'],
    contenders.map(({ name }) => name),
  );
  const loads = chosen(
    '--only',
    options['only'],
    workloads.map(({ name }) => name),
  );
  return seeds.flatMap((seed) =>
    loads.flatMap((workload) => policies.map((policy): Job => ({ workload, policy, seed }))),
  );
}

/** A row with the workload on which Ballast compares worst, and the ratio; none if nothing was compared. */
function worst(rows: readonly Row[], figure: 'p99' | 'p999'): { round: Round; ratio: number } | undefined {
  const [most] = rows
    .filter(({ policy }) => policy === ours.name)
    .flatMap((row) => {
      const best = bestRival(rows, row.workload, figure, RIVAL_NAMES);
      return best ? [{ workload: row.workload, rival: best.rival, ratio: meanOf(row, figure) / best.value }] : [];
    })
    .toSorted((a, b) => b.ratio - a.ratio);
  if (most === undefined) return undefined;
  const { workload, rival, ratio } = most;
  const round = {
    workload: `worst: ${workload}`,
    policy: `${ours.name} / ${rival}`,
    [`${figure}_ratio`]: Number(ratio.toPrecision(4)),
  };
  return { round, ratio };
}

function write(folder: string, result: BenchResult, rows: readonly Row[], { progress }: BenchContext): void {
  const files = { figures: join(folder, 'simulate.json'), picture: join(folder, 'simulate.png') };
  mkdirSync(folder, { recursive: true });
  writeFileSync(files.figures, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(files.picture, renderPng(drawComparison(rows, ours.name, oracle.name)));
  progress(`Figures and picture: ${files.figures}, ${files.picture}`);
}

async function run(context: BenchContext): Promise<BenchResult> {
  const jobs = jobsFor(context);
  const processes = count('--processes', context.options['processes']);
  const runs: Run[] = [];
  await runAll(jobs, processes, context.signal, (job, figures) => {
    runs.push({ ...job, figures });
    const { workload, policy, seed } = job;
    const tail = `p99 ${figures.p99.toFixed(0)} ms, p99.9 ${figures.p999.toFixed(0)} ms`;
    context.progress(`${runs.length}/${jobs.length} ${workload}, ${policy}, seed ${seed}: ${tail}`);
  });

  const order = (run: Run): number =>
    jobs.findIndex((job) => job.workload === run.workload && job.policy === run.policy);
  const rows = rowsOf(runs.toSorted((a, b) => order(a) - order(b) || a.seed - b.seed));
  const best = (row: Row, figure: 'p99' | 'p999') => bestRival(rows, row.workload, figure, RIVAL_NAMES);
  const [p99, p999] = [worst(rows, 'p99'), worst(rows, 'p999')];
  const result: BenchResult = {
    rounds: [
      ...rows.map((row) => roundOf(row, best(row, 'p99'), best(row, 'p999'))),
      ...(p99 ? [p99.round] : []),
      ...(p999 ? [p999.round] : []),
    ],
    summary: {
      ...(p99 && { worst_p99_ratio: p99.ratio }),
      ...(p999 && { worst_p999_ratio: p999.ratio }),
      seeds: new Set(jobs.map(({ seed }) => seed)).size,
      requests: runs.reduce((sum, { figures }) => sum + figures.requests, 0),
    },
  };
  const folder = context.options['write'];
  if (folder !== undefined) write(folder, result, rows, context);
  return result;
}

export const bench: Bench = {
  description: 'Latency on simulated fleets: Ballast as it ships, the policies of the field, and an oracle',
  options: [
    { flags: '--seeds <count>', description: 'runs per workload and policy', default: '3' },
    { flags: '--only <workloads>', description: 'parts of their names, separated by commas' },
    { flags: '--policies <policies>', description: 'parts of their names, separated by commas' },
    { flags: '--write <folder>', description: 'keep the figures and a picture of them there' },
    { flags: '--processes <count>', description: 'runs at the same time', default: String(availableParallelism()) },
  ],
  run,
};
