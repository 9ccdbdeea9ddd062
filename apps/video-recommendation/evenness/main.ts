#!/usr/bin/env node
/** Says from the outside whether the replicas of a service get even traffic. */
import { Command } from 'commander';
import { parseBaseAddress } from '../../../contract/base-address.ts';
import { BallastError, describeFailure } from '../../../contract/errors.ts';
import { type Asking, askOften } from './ask-often.ts';
import { describeVerdict } from './report.ts';
import { judge } from './verdict.ts';

interface Flags {
  readonly url: string;
  readonly path?: string;
  readonly requests: string;
  readonly replicas?: string;
  readonly concurrency: string;
  readonly significance: string;
  readonly replicaHeader: string;
  readonly keepAlive?: boolean;
  readonly json?: boolean;
}

function readCount(flag: string, text: string, from: number, to: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (value >= from && value <= to) return value;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a whole number from ${from} to ${to}`);
}

function readSignificance(text: string): number {
  const value = /^0?\.\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value > 0) return value;
  throw new BallastError('INVALID_FLAG', `--significance ${text} is not a number between 0 and 1, such as 0.01`);
}

function readAsking(flags: Flags): Asking {
  const address = parseBaseAddress(flags.url);
  if (!address.ok) throw new BallastError('INVALID_FLAG', `--url ${address.failure.message}`);
  if (flags.path !== undefined && !/^\/[\x21-\x7e]*$/.test(flags.path)) {
    throw new BallastError('INVALID_FLAG', `--path ${flags.path} is not a path such as /recommendations/7`);
  }
  if (!/^[A-Za-z0-9-]{1,100}$/.test(flags.replicaHeader)) {
    throw new BallastError('INVALID_FLAG', `--replica-header ${flags.replicaHeader} is not the name of a header`);
  }
  return {
    address: address.value,
    path: flags.path,
    requests: readCount('--requests', flags.requests, 1, 1_000_000),
    concurrency: readCount('--concurrency', flags.concurrency, 1, 256),
    header: flags.replicaHeader.toLowerCase(),
    keepAlive: flags.keepAlive ?? false,
  };
}

async function run(flags: Flags): Promise<void> {
  const asking = readAsking(flags);
  const significance = readSignificance(flags.significance);
  const replicas = flags.replicas === undefined ? undefined : readCount('--replicas', flags.replicas, 2, 1000);
  const counted = await askOften(asking);
  if (counted.counts.size === 0) throw new Error(`no replica answered: ${counted.firstFailure}`);
  const verdict = judge(counted.counts, { replicas, significance });
  if (!verdict.ok) throw new BallastError(verdict.failure.code, verdict.failure.message);
  const { failed, firstFailure } = counted;
  const found = { url: asking.address.url.href, requests: asking.requests, failed, firstFailure, significance };
  console.log(
    flags.json ? JSON.stringify({ ...found, ...verdict.value }) : describeVerdict(verdict.value, counted, significance),
  );
  process.exitCode = verdict.value.isEven ? 0 : 1;
}

const program = new Command('evenness')
  .description('Asks an address many times, counts which replica answered, and tests whether that is even.')
  .option('--url <url>', 'the application, or what stands before it', 'http://127.0.0.1:8080')
  .option('--path <path>', 'what to ask for (default: recommendations of one user after the other)')
  .option('--requests <n>', 'number of requests', '300')
  .option('--replicas <n>', 'replicas that there are; without it, one that never answers is not missed')
  .option('--concurrency <n>', 'requests in flight at once', '4')
  .option('--significance <p>', 'probability of calling even traffic uneven', '0.01')
  .option('--replica-header <name>', 'response header with the name of the replica', 'x-served-by')
  .option('--keep-alive', 'keep connections; otherwise each request has a connection of its own')
  .option('--json', 'print one JSON object')
  .addHelpText(
    'after',
    '\nThe test is chi-square for equal shares, of independent requests. Exit code: 0 even, 1 not even, 2 neither can be said.',
  )
  .action(run);

await program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`error: ${error instanceof BallastError ? describeFailure(error) : message}`);
  process.exitCode = 2;
});
