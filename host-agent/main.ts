#!/usr/bin/env node
/** The host agent: wires sampling, the link to the controller and the server for this node's proxies. */
import { randomUUID } from 'node:crypto';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { untilNextBeat } from '../contract/beat.ts';
import { BallastError, describeFailure } from '../contract/errors.ts';
import { openCpuControl } from './apply/open-cpu-control.ts';
import { Metrics } from './metrics.ts';
import { type AgentOptions, parseOptions } from './options.ts';
import { atMostEvery, onChange } from './quiet-log.ts';
import { openPlugin } from './serve/plugin-file.ts';
import { openSources } from './sample/open-sources.ts';
import { Sampler } from './sample/sampler.ts';
import { type Health, ProxyServer } from './serve/server.ts';
import { TableStore } from './serve/table-store.ts';
import { AssignmentStream } from './uplink/assignment-stream.ts';
import { ControllerLink } from './uplink/controller-link.ts';
import { HeldAssignments } from './uplink/held-assignments.ts';
import { PendingStatistics } from './uplink/pending-statistics.ts';
import { Reporter } from './uplink/reporter.ts';

const log = pino({ name: 'host-agent' });

/** Faults that others can cause at any rate are counted, but logged no more often than this. */
const FAULT_LOG_MS = 60_000;

async function run(options: AgentOptions): Promise<void> {
  const now = (): number => performance.now();
  const held = new HeldAssignments();
  const board = new TableStore(held, Date.now());
  const statistics = new PendingStatistics();
  const identity = { node: options.node, instance: randomUUID() };
  let replicas = 0;
  const metrics = new Metrics({
    replicas: () => replicas,
    tableVersion: () => board.version ?? 0,
    tableBytes: () => board.table(now())?.bytes.length ?? 0,
    assignmentsValid: () => held.validUntil !== undefined && now() < held.validUntil,
    assignmentAge: () => held.validUntil && (now() - held.validUntil + held.validForMs) / 1000,
    assignmentVersion: () => held.version,
    waitingProxies: () => server.waiting,
    pendingStatistics: () => statistics.size,
    droppedStatistics: () => statistics.dropped,
    cpuGrants: () => held.cpuGrants.length,
    cpuSettings: () => cpuControl?.size ?? 0,
  });

  const warnOfStatistics = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`statistics of a proxy refused: ${why}`));
  const server = new ProxyServer({
    board,
    now,
    plugin: openPlugin(options.plugin),
    statistics: (counters) => {
      metrics.statistics.inc({ outcome: 'accepted' });
      // The controller counts its own versions, and knows nothing of the tables that agents make of them.
      statistics.accept({ ...counters, tableVersion: board.assignmentOf(counters.tableVersion) }, now());
    },
    refused: (failure) => {
      metrics.statistics.inc({ outcome: 'refused' });
      warnOfStatistics(describeFailure(failure));
    },
    health: (): Health => ({
      ready: held.validUntil !== undefined && now() < held.validUntil,
      detail: {
        node: options.node,
        replicas,
        table: board.version ?? 0,
        assignment: held.version,
        waiting: server.waiting,
      },
    }),
    metrics: async () => ({ type: metrics.registry.contentType, body: await metrics.registry.metrics() }),
  });

  const logLink = onChange((line) => log.info(`assignments: ${line}`));
  const warnOfLine = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`assignments: line refused: ${why}`));
  const link = new ControllerLink(options.controller, now);
  const stream = new AssignmentStream(link, options.node, {
    update: (update) => {
      logLink('following', `following ${options.controller.origin}`);
      const change = held.apply(update, now());
      metrics.assignments.inc({ change });
      if (board.changed(change, now())) server.push();
    },
    refused: (failure) => {
      metrics.assignments.inc({ change: 'refused' });
      warnOfLine(describeFailure(failure));
    },
    disconnected: (reason) => {
      metrics.disconnects.inc();
      logLink('broken', `not following ${options.controller.origin}: ${reason}`);
    },
  });

  const logReports = onChange((line) => log.info(`reports: ${line}`));
  const reporter = new Reporter(link, identity, statistics, now, (outcome, reports) => {
    metrics.reports.inc({ outcome: outcome.kind }, reports);
    logReports(outcome.kind, outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind}: ${outcome.reason}`);
  });

  const sources = openSources(options, (why) => log.warn(why));
  const logCurve = onChange((line) => log.info(`cpu.weight: ${line}`));
  const cpuControl = openCpuControl(options, sources.pods, {
    curve: (curve) =>
      logCurve(
        curve ?? 'assumed',
        curve === undefined
          ? 'linear is assumed, since no pod named by --pod-uid and --pod-cpu-request shows it'
          : `${curve}, as the agent's own pod shows`,
      ),
    written: (outcome) => metrics.cpuWrites.inc({ outcome }),
    failed(failure, isNew) {
      metrics.cpuWrites.inc({ outcome: 'failed' });
      if (isNew) log.error({ code: failure.code }, describeFailure(failure));
    },
  });
  const logGrants = onChange((line) => log.info(`CPU settings: ${line}`));
  const applyGrants = (): void => {
    const { cpuGrants } = held;
    if (cpuControl === undefined) {
      if (cpuGrants.length > 0) logGrants('ignored', 'policies ask for some, which takes an agent with --cpu-control');
    } else if (cpuControl.follow(cpuGrants, now())) {
      // The sources must not take a quota that was just set or lifted for one that the replica has of its own.
      sources.replicas.refresh();
      logGrants(String(cpuControl.size), `${cpuControl.size} changed, for ${cpuGrants.length} pods`);
    }
  };
  const sampler = new Sampler(sources.node, sources.replicas, options.intervalMs, now);
  const logNode = onChange((line) => log.info(`node: ${line}`));
  const sampleOnce = (): void => {
    const started = now();
    const sample = sampler.take();
    metrics.sampleSeconds.inc((now() - started) / 1000);
    if (sample === undefined) {
      metrics.missedSamples.inc();
      return logNode('unread', 'its CPU cannot be read: nothing is reported');
    }
    logNode(String(sample.cpu.cores), `${sample.cpu.cores} cores by ${sources.description}`);
    replicas = sample.replicas.length;
    const reported = sample.replicas.map((replica) => cpuControl?.reported(replica) ?? replica);
    void reporter.send({ ...sample, replicas: reported });
  };

  const address = await server.listen(options.listen.host, options.listen.port).catch((error: unknown) => {
    throw new BallastError('INVALID_FLAG', `--listen: ${error instanceof Error ? error.message : String(error)}`);
  });
  log.info(`${options.node}: serving proxies on ${address.address}:${address.port}`);
  sampleOnce();
  stream.start();
  const untilNext = (): number => untilNextBeat(Date.now(), options.intervalMs);
  const beat = (): void => {
    timer = setTimeout(beat, untilNext());
    sampleOnce();
    if (board.tick(now())) server.push();
    applyGrants();
    server.tick();
  };
  let timer = setTimeout(beat, untilNext());

  closeWithGrace({ delay: 3000, logger: false }, async ({ err, signal }) => {
    if (err) log.error(err, 'stopping after a defect');
    else log.info(`stopping on ${signal ?? 'request'}`);
    clearTimeout(timer);
    cpuControl?.close();
    sampler.close();
    await Promise.all([stream.close(), reporter.close(), server.close()]);
  });
}

try {
  await run(parseOptions(process.argv));
} catch (error) {
  if (error instanceof BallastError) log.fatal(describeFailure(error));
  else log.fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
