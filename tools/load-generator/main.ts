#!/usr/bin/env node
/** Command line of the load generator. */
import { Command } from 'commander';
import pc from 'picocolors';
import { describeFailure } from '../../contract/errors.ts';
import { type Flags, MIXES, checkFlags } from './flags.ts';
import { runLoad } from './load.ts';
import { encodeHistogram } from './measure/histogram.ts';
import { progressLine, wrk2Text } from './show/text.ts';
import { type LoadSetting, type SecondReport, reportLoad, reportSecond } from './show/report.ts';
import { ARRIVALS } from './workload/arrivals.ts';

const program = new Command('load-generator')
  .description(
    'Sends HTTP requests at a given rate and counts latency from when each was due (no coordinated omission).',
  )
  .requiredOption('--url <url>', 'server, with a path to put before those of the mix')
  .option('--rate <n>', 'requests per second', '100')
  .option('--arrivals <kind>', `${ARRIVALS.join(' or ')}: at even intervals, or as many users are`, 'constant')
  .option('--duration <time>', 'such as 500ms, 30s, 2m; without it until Ctrl-C')
  .option('--mix <name>', `${MIXES.join(', ')}, or the file of a mix`, 'plain')
  .option('--connections <n>', 'connections, one request at a time on each', '64')
  .option('--timeout <time>', 'from when a request is due to when it counts as failed', '10s')
  .option('--seed <n>', 'same seed, same sequence of requests', '1')
  .option('--header <name: value>', 'header of every request; may be repeated', collect, [])
  .option('--replica-header <name>', 'count answers by the value of this response header')
  .option('--json', 'print the result as one JSON object')
  .option('--stream', 'print each second as a line of JSON with its histogram, then the result as another')
  .addHelpText('after', '\nExample: load-generator --url http://127.0.0.1:8080 --rate 200 --duration 30s --mix hotel')
  .parse();

const flags = program.opts<Flags & { json?: boolean; stream?: boolean }>();
const checked = checkFlags(flags);
if (!checked.ok) {
  console.error(`${pc.red('error:')} ${describeFailure(checked.failure)}`);
  process.exit(2);
}

const options = checked.value;
const setting: LoadSetting = {
  url: options.url.href,
  mix: options.mix.name,
  rate: options.rate,
  connections: options.connections,
  timeoutSeconds: options.timeoutSeconds,
  seed: options.seed,
};
const seconds: SecondReport[] = [];
const began = { ms: Date.now(), cpu: process.cpuUsage() };
const load = runLoad({
  ...options,
  onSecond: (second) => {
    const report = reportSecond(second);
    seconds.push(report);
    if (flags.stream) printLine({ ...report, histogram: encodeHistogram(second.latency) });
  },
});
const progress = process.stderr.isTTY ? setInterval(showProgress, 1000) : undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void load.stop());

const result = await load.finished;
clearInterval(progress);
if (progress) process.stderr.write('\r\x1b[K');
const cpu = process.cpuUsage(began.cpu);
if (flags.json || flags.stream) printLine(reportLoad(setting, result, seconds, (cpu.user + cpu.system) / 1e6));
else process.stdout.write(wrk2Text(setting, result, seconds));

function showProgress(): void {
  const last = seconds.at(-1);
  const line = progressLine({
    elapsedSeconds: (Date.now() - began.ms) / 1000,
    ...load.backlog,
    failed: seconds.reduce((sum, second) => sum + second.failed, 0),
    ...(options.durationSeconds === undefined ? {} : { durationSeconds: options.durationSeconds }),
    ...(last ? { last } : {}),
  });
  process.stderr.write(`\r\x1b[K${line}`);
}

function printLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
