#!/usr/bin/env node
/** The central controller as a process. */
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { createServer } from './api/server.ts';
import { inClusterCredentials, kubeconfigCredentials } from './kubernetes/credentials.ts';
import { openCluster } from './open-cluster.ts';
import { ManifestCluster } from './cluster/manifests.ts';
import type { Cluster } from './model/topology.ts';
import { Collector } from './collect/collector.ts';
import { SAMPLE_TO_DECISION_MS, untilNextBeat } from '../contract/beat.ts';
import type { Decision } from '../contract/decision.ts';
import { BallastError, describeFailure } from '../contract/errors.ts';
import { changesOfState } from './wording/state-changes.ts';
import { alone, type Leadership } from './model/leadership.ts';
import { type Clock, ControlLoop } from './loop.ts';
import { ManualWeights } from './overrides/manual-weights.ts';
import { ControllerMetrics, type FollowedCluster } from './metrics/controller-metrics.ts';
import { type ControllerOptions, parseOptions } from './options.ts';
import { Publisher } from './publish/publisher.ts';
import type { LoopTracing } from './tracing/loop-tracing.ts';

/** Wall clock at the start, monotonic from there: a stepped system clock must not bend windows and ages. */
const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The cluster that the options name, and who leads in it. */
interface Environment {
  readonly cluster: Cluster;
  readonly leadership: Leadership;
  /** Undefined: it is not one behind an API server. */
  readonly followed?: FollowedCluster;
  /** `previous`: the decision before under the same lead. */
  decided(decision: Decision, previous: Decision | undefined): void;
  /** Resolves when the cluster is known. */
  start(): Promise<void>;
  close(): Promise<void>;
}

function openEnvironment({ cluster: source, identity, listen }: ControllerOptions, logger: Logger): Environment {
  if (source.kind === 'kubernetes') {
    const opened = openCluster({ ...source, identity, port: listen.port, now: clock.now }, logger);
    const { kubeconfig } = source;
    const { server } = kubeconfig === undefined ? inClusterCredentials() : kubeconfigCredentials(kubeconfig);
    return { ...opened, followed: { origin: server, plan: () => opened.cluster.plan() } };
  }
  const cluster = new ManifestCluster(source.directory, {
    now: clock.now,
    clusterDomain: source.clusterDomain,
    onProblem: (problem) => logger.error({ code: problem.code }, `${describeFailure(problem)} The old state is kept.`),
  });
  return {
    cluster,
    leadership: alone(identity),
    decided: () => undefined,
    start: () => Promise.resolve(),
    close: () => cluster.close(),
  };
}

/** Loaded only where it is wanted: it takes some MB. */
async function openTracing(loop: ControlLoop, { identity }: ControllerOptions, logger: Logger): Promise<LoopTracing> {
  const { LoopTracing } = await import('./tracing/loop-tracing.ts');
  return new LoopTracing(loop, identity, logger);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  const logger = pino({ name: 'central-controller', level: options.logLevel });
  const around = openEnvironment(options, logger);
  const loop = new ControlLoop({
    clock,
    untilNextTick: (now) => untilNextBeat(now, options.tickMs, SAMPLE_TO_DECISION_MS),
    cluster: around.cluster,
    collector: new Collector(),
    publisher: new Publisher(clock.now()),
    manual: new ManualWeights(),
    leadership: around.leadership,
    onDefect: (error) => {
      metrics.defect();
      logger.error(error, 'reconcile failed, the decision before it stays in force');
    },
  });
  const metrics = new ControllerMetrics(loop, options.replicaMetrics);
  if (around.followed) metrics.follow(around.followed);
  loop.onDecision((decision, previous) => {
    for (const { message, fields } of changesOfState(decision, previous)) logger.info(fields, message);
    around.decided(decision, previous);
  });
  const tracing = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ? await openTracing(loop, options, logger) : undefined;
  const server = await createServer(loop, logger, metrics);
  closeWithGrace({ logger, delay: 5_000 }, async () => {
    loop.stop();
    await around.close();
    await server.close();
    await tracing?.close();
  });
  // First of all it answers probes; who asks for more hears that it is not ready.
  await server.listen(options.listen).catch((error: Error) => {
    throw new BallastError('INVALID_FLAG', `--listen: ${error.message}`, { cause: error });
  });
  await around.start();
  loop.start();
}

try {
  await main();
} catch (error) {
  const known = error instanceof BallastError;
  process.stderr.write(`${known ? describeFailure({ code: error.code, message: error.message }) : String(error)}\n`);
  process.exit(1);
}
