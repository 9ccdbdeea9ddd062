#!/usr/bin/env node
/** The central controller as a process. */
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { createServer } from './api/server.ts';
import { inClusterAccess, kubeconfigAccess } from './kubernetes/api-access.ts';
import { openCluster } from './open-cluster.ts';
import { ManifestCluster } from './cluster/manifests.ts';
import type { Cluster } from './model/topology.ts';
import { Collector } from './collect/collector.ts';
import { SAMPLE_TO_DECISION_MS, untilNextBeat } from '../contract/beat.ts';
import type { Decision } from '../contract/decision.ts';
import { BallastError, describeFailure } from '../contract/errors.ts';
import { changesOfState } from './wording/state-changes.ts';
import { alone, type Leadership } from './model/leadership.ts';
import { ControlLoop } from './loop.ts';
import type { Clock } from './model/clock.ts';
import { ManualWeights } from './overrides/manual-weights.ts';
import { ControllerMetrics, type FollowedCluster } from './metrics/controller-metrics.ts';
import { type ControllerOptions, parseOptions } from './options.ts';
import { Publisher } from './publish/publisher.ts';
import type { ControllerState } from './state.ts';
import type { LoopTracing } from './tracing/loop-tracing.ts';

/** Wall clock at the start, monotonic from there: a step of the system clock must not distort windows and ages. */
const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The cluster that the options name, and the election among its controllers. */
interface Environment {
  readonly cluster: Cluster;
  readonly leadership: Leadership;
  /** Absent without an API server. */
  readonly followed?: FollowedCluster;
  /**
   * Brings the cluster's objects in line with the decision. `previous` is undefined for the first decision of a new
   * leader.
   */
  decided(decision: Decision, previous: Decision | undefined): void;
  /** Resolves once all objects were read. */
  start(): Promise<void>;
  close(): Promise<void>;
}

async function openEnvironment(
  { cluster: source, identity, listen }: ControllerOptions,
  logger: Logger,
): Promise<Environment> {
  if (source.kind === 'kubernetes') {
    const { kubeconfig } = source;
    const access = await (kubeconfig === undefined ? inClusterAccess() : kubeconfigAccess({ kubeconfig }));
    const opened = openCluster({ ...source, access, identity, port: listen.port, now: clock.now }, logger);
    return { ...opened, followed: { origin: access.server, plan: () => opened.cluster.plan() } };
  }
  const cluster = new ManifestCluster(source.directory, {
    now: clock.now,
    clusterDomain: source.clusterDomain,
    onProblem: (problem) =>
      logger.error(
        { code: problem.code },
        `${describeFailure(problem)} The controller goes on with the manifests that it read before.`,
      ),
  });
  return {
    cluster,
    leadership: alone(identity),
    decided: () => undefined,
    start: () => Promise.resolve(),
    close: () => cluster.close(),
  };
}

/** OpenTelemetry takes some MB, so it is loaded only when it is configured. */
async function openTracing(
  state: ControllerState,
  { identity }: ControllerOptions,
  logger: Logger,
): Promise<LoopTracing> {
  const { LoopTracing } = await import('./tracing/loop-tracing.ts');
  return new LoopTracing(state, identity, logger);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  const logger = pino({ name: 'central-controller', level: options.logLevel });
  const environment = await openEnvironment(options, logger);
  const loop = new ControlLoop({
    clock,
    untilNextTick: (now) => untilNextBeat(now, options.tickMs, SAMPLE_TO_DECISION_MS),
    cluster: environment.cluster,
    collector: new Collector(),
    publisher: new Publisher(clock.now()),
    manual: new ManualWeights(),
    leadership: environment.leadership,
    onDefect: (error) => {
      metrics.defect();
      logger.error(error, 'decision failed, the previous one stays in force');
    },
  });
  const metrics = new ControllerMetrics(loop.state, options.replicaMetrics);
  if (environment.followed) metrics.follow(environment.followed);
  loop.state.onDecision((decision, previous) => {
    for (const { message, fields } of changesOfState(decision, previous)) logger.info(fields, message);
    environment.decided(decision, previous);
  });
  const tracing = process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
    ? await openTracing(loop.state, options, logger)
    : undefined;
  const server = await createServer(loop, logger, metrics);
  closeWithGrace({ logger, delay: 5_000 }, async () => {
    loop.stop();
    await environment.close();
    await server.close();
    await tracing?.close();
  });
  // Probes are answered before the cluster is known; other requests get NOT_READY.
  await server.listen(options.listen).catch((error: Error) => {
    throw new BallastError('INVALID_FLAG', `--listen: ${error.message}`, { cause: error });
  });
  await environment.start();
  loop.start();
}

try {
  await main();
} catch (error) {
  const known = error instanceof BallastError;
  process.stderr.write(`${known ? describeFailure({ code: error.code, message: error.message }) : String(error)}\n`);
  process.exit(1);
}
