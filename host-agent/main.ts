#!/usr/bin/env node
/** The host agent: samples its node's CPU, reports to the controller, and serves the node's proxies. */
import { randomUUID } from 'node:crypto';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { untilNextBeat } from '../contract/beat.ts';
import { BallastError, describeFailure } from '../contract/errors.ts';
import type { AgentContext } from './context.ts';
import { controllerSide } from './controller-side.ts';
import { Metrics } from './metrics.ts';
import { nodeSide } from './node-side.ts';
import { type AgentOptions, parseOptions } from './options.ts';
import { proxySide } from './proxy-side.ts';
import { ControllerLink } from './uplink/controller-link.ts';
import { HeldAssignments } from './uplink/held-assignments.ts';

const log = pino({ name: 'host-agent' });

async function run(options: AgentOptions): Promise<void> {
  const now = (): number => performance.now();
  const held = new HeldAssignments();
  const metrics = new Metrics();
  const context: AgentContext = { options, log, metrics, held, now };
  const identity = { node: options.node, instance: randomUUID() };
  const link = new ControllerLink(options.controller, now);
  const proxies = proxySide(context, identity, {
    replicas: () => node.replicas,
    onNewInterest: () => controller.onNewInterest(),
    sendsOld: () => controller.sendsOld,
  });
  const controller = controllerSide(context, link, identity, proxies);
  const node = nodeSide(context);
  metrics.observe({
    replicas: () => node.replicas,
    tableVersion: () => proxies.tables.tableVersion,
    tableBytes: () => proxies.tables.bytes,
    wantedServices: () => proxies.tables.wantedServices,
    heldServices: () => held.services.size,
    assignmentsValid: () => held.validUntil !== undefined && now() < held.validUntil,
    assignmentAge: () => held.validUntil && (now() - held.validUntil + held.validForMs) / 1000,
    assignmentVersion: () => held.version,
    waitingProxies: () => proxies.tables.waiting,
    pendingStatistics: () => proxies.v1.size,
    droppedStatistics: () => proxies.v1.dropped,
    cpuGrants: () => held.cpuGrants.length,
    cpuSettings: () => node.cpuSettings,
  });

  log.info(await proxies.listen());
  controller.describe(await node.inventory());
  const sampleOnce = (): void => {
    const sample = node.sample();
    if (sample !== undefined) controller.report(sample);
  };
  sampleOnce();
  controller.start();
  const untilNext = (): number => untilNextBeat(Date.now(), options.intervalMs);
  const beat = (): void => {
    timer = setTimeout(beat, untilNext());
    sampleOnce();
    node.applyGrants();
    controller.tick();
  };
  let timer = setTimeout(beat, untilNext());

  closeWithGrace({ delay: 3000, logger: false }, async ({ err, signal }) => {
    if (err) log.error(err, 'stopping after a defect');
    else log.info(`stopping on ${signal ?? 'request'}`);
    clearTimeout(timer);
    node.close();
    await Promise.all([controller.close(), proxies.close()]);
  });
}

try {
  await run(parseOptions(process.argv));
} catch (error) {
  if (error instanceof BallastError) log.fatal(describeFailure(error));
  else log.fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
