#!/usr/bin/env node
/** Runs one replica of cluster-info. */
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { readListenAddress } from '../service/flags.ts';
import { runService } from '../service/run-service.ts';
import { type Replica, createServer, parseVersion } from './server.ts';
import { type Result, failure, success } from '../../contract/result.ts';

interface Flags {
  readonly listen: string;
  readonly version: string;
  readonly podIp: string;
  readonly node: string;
  readonly workMs: string;
}

const MAX_WORK_MS = 1000;

function checkFlags({ version, podIp, node, workMs }: Flags): Result<Replica> {
  if (!parseVersion(version)) {
    return failure('INVALID_FLAG', `--version ${version} (or APP_VERSION) is not of the form 1.0.0`);
  }
  const work = workMs.trim() === '' ? NaN : Number(workMs);
  if (!(work >= 0 && work <= MAX_WORK_MS)) {
    return failure('INVALID_FLAG', `--work-ms ${workMs} is not a number of milliseconds from 0 to ${MAX_WORK_MS}`);
  }
  return success({ podIp, node, version, workMs: work });
}

const flags = new Command('cluster-info')
  .description(
    'Answers with the address of its pod and the name of its node; from version 1.0.1 on, /chat is there too.',
  )
  .option('--listen <ip:port>', 'address to serve HTTP on; port 0 takes any free one', '127.0.0.1:8080')
  .addOption(new Option('--version <x.y.z>', 'version to be').env('APP_VERSION').default('1.0.0'))
  .addOption(new Option('--pod-ip <ip>', 'address to name (default: the one of --listen)').env('POD_IP'))
  .addOption(new Option('--node <name>', 'node to name').env('NODE_NAME').default(hostname(), "this machine's name"))
  .option('--work-ms <n>', 'CPU time that each request takes, ms', '0')
  .addHelpText('after', '\nPOD_NAME is the name in x-served-by (default: cluster-info-0).')
  .parse()
  .opts<Omit<Flags, 'podIp'> & { podIp?: string }>();

try {
  const podIp = flags.podIp ?? readListenAddress(flags.listen).host;
  const replica = checkFlags({ ...flags, podIp });
  if (!replica.ok) throw new BallastError(replica.failure.code, replica.failure.message);
  const pod = process.env['POD_NAME'] ?? 'cluster-info-0';
  await runService(createServer(replica.value), { pod, listen: flags.listen });
} catch (error) {
  const message = error instanceof BallastError ? describeFailure(error) : String(error);
  console.error(`${pc.red('error:')} ${message}`);
  process.exit(2);
}
