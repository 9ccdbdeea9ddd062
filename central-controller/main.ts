#!/usr/bin/env node
/** The central controller as a process. */
import closeWithGrace from 'close-with-grace';
import { Command, Option } from 'commander';
import pino from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { createServer } from './api/server.ts';
import { ManifestCluster } from './cluster/manifests.ts';
import { Collector } from './collect/collector.ts';
import { BallastError, describeFailure } from './contract/errors.ts';
import { CONTROLLER_PORT } from './contract/names.ts';
import { changesOfState } from './journal.ts';
import { type Clock, ControlLoop } from './loop.ts';
import { ManualWeights } from './manual-weights.ts';
import { Publisher } from './publish/publisher.ts';

interface Flags {
  readonly manifests: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tickMs: number;
  readonly logLevel: string;
}

function parseListen(text: string): Flags['listen'] {
  const match = /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(text);
  const port = Number(match?.groups?.port);
  if (!match?.groups?.host || port > 65_535) {
    throw new BallastError('INVALID_FLAG', `--listen: ${text} is not of the form host:port`);
  }
  return { host: match.groups.host.replace(/^\[|\]$/g, ''), port };
}

function parseTick(text: string): number {
  const tickMs = Number(text);
  if (!(tickMs >= 10 && tickMs <= 2_000)) {
    throw new BallastError('INVALID_FLAG', `--tick-ms: ${text} is not between 10 and 2000`);
  }
  return tickMs;
}

function parseFlags(): Flags {
  return new Command('central-controller')
    .description('Takes the reports of the host agents, decides on weights and publishes them.')
    .version(packageJson.version)
    .requiredOption(
      '--manifests <directory>',
      'watched directory of YAML files with Node, Pod, Service, StatefulSet and LoadBalancingPolicy objects',
    )
    .addOption(
      new Option('--listen <host:port>', 'address for agents, REST and page')
        .default({ host: '127.0.0.1', port: CONTROLLER_PORT }, `127.0.0.1:${CONTROLLER_PORT}`)
        .argParser(parseListen),
    )
    .option('--tick-ms <ms>', 'time between two decisions', parseTick, 250)
    .addOption(
      new Option('--log-level <level>', 'what is worth a line')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info'),
    )
    .parse()
    .opts<Flags>();
}

/** Wall clock at the start, monotonic from there: a stepped system clock must not bend windows and ages. */
const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

async function main(): Promise<void> {
  const flags = parseFlags();
  const logger = pino({ name: 'central-controller', level: flags.logLevel });
  const cluster = new ManifestCluster(flags.manifests, {
    now: clock.now,
    onProblem: (problem) => logger.error({ code: problem.code }, `${describeFailure(problem)} The old state is kept.`),
  });
  const publisher = new Publisher(clock.now());
  const loop = new ControlLoop({
    clock,
    tickMs: flags.tickMs,
    cluster,
    collector: new Collector(),
    publisher,
    manual: new ManualWeights(),
    onDefect: (error) => logger.error(error, 'reconcile failed, the decision before it stays in force'),
  });
  loop.onDecision((decision, previous) => {
    for (const { message, fields } of changesOfState(decision, previous)) logger.info(fields, message);
  });
  const server = await createServer(loop, logger);
  closeWithGrace({ logger, delay: 5_000 }, async () => {
    loop.stop();
    publisher.close();
    await cluster.close();
    await server.close();
  });
  loop.start();
  await server.listen(flags.listen).catch((error: Error) => {
    throw new BallastError('INVALID_FLAG', `--listen: ${error.message}`, { cause: error });
  });
}

try {
  await main();
} catch (error) {
  const known = error instanceof BallastError;
  process.stderr.write(`${known ? describeFailure({ code: error.code, message: error.message }) : String(error)}\n`);
  process.exit(1);
}
