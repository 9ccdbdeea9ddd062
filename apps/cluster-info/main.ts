#!/usr/bin/env node
/** Runs one replica of cluster-info. */
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { readListenAddress } from '../service/listen-address.ts';
import { runService } from '../service/run-service.ts';
import { checkFlags, type Flags } from './flags.ts';
import { createServer } from './server.ts';

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
