#!/usr/bin/env node
/** Uses a set amount of CPU, like a batch job or a runaway process on the same node. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Command } from 'commander';
import pc from 'picocolors';
import { describeFailure } from '../../contract/errors.ts';
import { checkFlags, type Flags } from './flags.ts';

const program = new Command('noisy-neighbour')
  .description('Takes a set amount of CPU in short slices. Where a limit holds it below that, it takes what it gets.')
  .option('--cores <n>', 'cores to take, such as 0.25')
  .option('--percent <n>', 'the same as a percentage of --of')
  .option('--of <cores>', 'cores that --percent is of (default: 1)')
  .option('--duration <time>', 'such as 500ms, 30s, 2m; without it until Ctrl-C')
  .option('--threads <n>', 'threads that share the work, each at most one core', '1')
  .option('--period <ms>', 'each thread works once per period', '10')
  .option('--json', 'print what it took as one JSON object')
  .addHelpText('after', '\nExample: noisy-neighbour --percent 70 --of 0.35 --duration 30s')
  .parse();

const flags = program.opts<Flags & { json?: boolean }>();
const checked = checkFlags(flags);
if (!checked.ok) {
  console.error(`${pc.red('error:')} ${describeFailure(checked.failure)}`);
  process.exit(2);
}

const { cores, durationSeconds, threads, periodMs } = checked.value;
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());

const startMs = performance.now();
const startCpu = process.cpuUsage();
const workers = Array.from(
  { length: threads },
  () => new Worker(new URL('worker.ts', import.meta.url), { workerData: { periodMs, share: cores / threads } }),
);
const until = durationSeconds === undefined ? 'until Ctrl-C' : `for ${durationSeconds} s`;
console.error(`taking ${cores} cores with ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${until}`);

// Without a duration it sleeps for the longest delay of a timer, 24 days, unless a signal ends it.
await sleep(durationSeconds === undefined ? 2 ** 31 - 1 : durationSeconds * 1000, undefined, {
  signal: ended.signal,
}).catch(() => {});
const seconds = (performance.now() - startMs) / 1000;
const usage = process.cpuUsage(startCpu);
await Promise.all(workers.map((worker) => worker.terminate()));

const takenCores = (usage.user + usage.system) / 1e6 / seconds;
if (flags.json) console.log(JSON.stringify({ askedCores: cores, takenCores, seconds, threads, periodMs }));
else console.log(`took ${takenCores.toFixed(3)} cores of the ${cores} asked for, over ${seconds.toFixed(1)} s`);
