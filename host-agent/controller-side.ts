/** What the agent has with its controller: assignments in, reports out. */
import { describeFailure } from '../contract/errors.ts';
import type { NodeInventory } from '../contract/node-inventory.ts';
import type { AgentContext } from './context.ts';
import { atMostEvery, FAULT_LOG_MS, onChange } from './quiet-log.ts';
import type { Sample } from './sample/sampler.ts';
import type { ProxyTables } from './serve/proxy-tables.ts';
import { AssignmentStream, type StreamPorts } from './uplink/assignment-stream.ts';
import type { ControllerLink } from './uplink/controller-link.ts';
import type { Change } from './uplink/held-assignments.ts';
import { type Identity, NodeReports } from './uplink/node-reports.ts';
import type { ProxySums } from './uplink/proxy-sums.ts';
import { Reporter } from './uplink/reporter.ts';
import type { V1Reports } from './uplink/v1-report.ts';
import { Wishes } from './uplink/wishes.ts';

/** What the controller side reads of the proxies. */
export interface Proxies {
  readonly tables: ProxyTables;
  readonly sums: ProxySums;
  readonly v1: V1Reports;
}

export interface ControllerSide {
  /** Begins to follow the assignments. */
  start(): void;
  /** Proxies want services that no proxy wanted before. */
  onNewInterest(): void;
  /** Reports go out in the form of the version before. */
  readonly sendsOld: boolean;
  /** Full reports say from now on what the node is made of. */
  describe(inventory: NodeInventory | undefined): void;
  report(sample: Sample): void;
  /** Does what has become due, for the proxies, too. */
  tick(): void;
  close(): Promise<void>;
}

export function controllerSide(
  context: AgentContext,
  link: ControllerLink,
  identity: Identity,
  { tables, sums, v1 }: Proxies,
): ControllerSide {
  const { log, metrics, held, now } = context;
  const wishes = new Wishes(tables, now);
  const stream = new AssignmentStream(link, {
    ...linePorts(context, tables, sums),
    subscription: () => {
      const { all, services } = wishes.take();
      if (!all) tables.retain(services);
      const wanted = all ? new Set([...services, ...held.services.keys()]) : services;
      return { ...identity, ...held.subscription(wanted), ...(all && { all }) };
    },
  });

  const logReports = onChange((line) => log.info(`reports: ${line}`));
  const nodeReports = new NodeReports(identity, sums, now());
  const reporter = new Reporter({
    link,
    now,
    reports: {
      next: (sample, full) => nodeReports.next(sample, { held: held.version, used: tables.usedVersion }, full),
      delivered: () => undefined,
    },
    oldReports: v1,
    outcome: (outcome, reports) => {
      metrics.reports.inc({ outcome: outcome.kind }, reports);
      logReports(outcome.kind, outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind}: ${outcome.reason}`);
    },
  });

  return {
    start: () => stream.start(),
    onNewInterest: () => stream.renew(),
    get sendsOld() {
      return reporter.sendsOld;
    },
    describe(inventory) {
      nodeReports.inventory = inventory;
    },
    report: (sample) => void reporter.send(sample),
    tick() {
      // Lines that come in time after all, as to a process that was stopped for a while, do not say everything.
      if (tables.tick()) stream.restart('the assignments expired');
      sums.tick(now());
      if (reporter.sendsOld) v1.tick(now());
      if (wishes.areFewer()) stream.renew();
    },
    close: async () => void (await Promise.all([stream.close(), reporter.close()])),
  };
}

/** What each line does, and what is said of it. */
function linePorts(
  { options, log, metrics, held, now }: AgentContext,
  tables: ProxyTables,
  sums: ProxySums,
): Omit<StreamPorts, 'subscription'> {
  const { origin } = options.controller.url;
  const logStream = onChange((line) => log.info(`assignments: ${line}`));
  const warnOfLine = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`assignments: ${why}`));
  const fault = (why: string): void => {
    metrics.assignmentFaults.inc();
    warnOfLine(`left out: ${why}`);
  };
  const take = (apply: () => Change): void => {
    logStream('following', `following ${origin}`);
    const versionBefore = held.version;
    const change = apply();
    for (const why of change.faults) fault(why);
    const isChanged = change.services.size > 0 || change.utilisation || change.opened;
    metrics.assignments.inc({ change: isChanged ? 'table' : 'none' });
    tables.changed(change, versionBefore);
    sums.called.setDetail(held.detail);
  };
  return {
    line: (line) => take(() => held.applyLine(line, now())),
    update: (update) => take(() => held.apply(update, now())),
    fault,
    refused(failure) {
      held.distrust();
      metrics.assignments.inc({ change: 'refused' });
      warnOfLine(`line refused: ${describeFailure(failure)}`);
    },
    disconnected(reason) {
      metrics.disconnects.inc();
      logStream('broken', `not following ${origin}: ${reason}`);
    },
  };
}
