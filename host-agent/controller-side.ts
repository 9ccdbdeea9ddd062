/** What the agent has with its controller: assignments in, reports out. */
import { randomUUID } from 'node:crypto';
import { describeFailure } from '../contract/errors.ts';
import type { AgentContext } from './context.ts';
import { atMostEvery, onChange } from './quiet-log.ts';
import type { Sample } from './sample/sampler.ts';
import type { ProxyTables } from './serve/proxy-tables.ts';
import { AssignmentStream } from './uplink/assignment-stream.ts';
import { ControllerLink } from './uplink/controller-link.ts';
import type { PendingStatistics } from './uplink/pending-statistics.ts';
import { Reporter } from './uplink/reporter.ts';

const FAULT_LOG_MS = 60_000;

export interface ControllerSide {
  /** Begins to follow the assignments. */
  start(): void;
  report(sample: Sample): void;
  close(): Promise<void>;
}

export function controllerSide(context: AgentContext, tables: ProxyTables, pending: PendingStatistics): ControllerSide {
  const { options, log, metrics, held, now } = context;
  const { origin } = options.controller.url;
  const link = new ControllerLink(options.controller, now);

  const logStream = onChange((line) => log.info(`assignments: ${line}`));
  const warnOfLine = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`assignments: line refused: ${why}`));
  const stream = new AssignmentStream(link, options.node, {
    update: (update) => {
      logStream('following', `following ${origin}`);
      const versionBefore = held.version;
      const change = held.apply(update, now());
      const isChanged = change.services.size > 0 || change.utilisation || change.opened;
      metrics.assignments.inc({ change: isChanged ? 'table' : 'none' });
      tables.changed(change, versionBefore);
    },
    refused: (failure) => {
      metrics.assignments.inc({ change: 'refused' });
      warnOfLine(describeFailure(failure));
    },
    disconnected: (reason) => {
      metrics.disconnects.inc();
      logStream('broken', `not following ${origin}: ${reason}`);
    },
  });

  const logReports = onChange((line) => log.info(`reports: ${line}`));
  const identity = { node: options.node, instance: randomUUID() };
  const reporter = new Reporter(link, identity, pending, now, (outcome, reports) => {
    metrics.reports.inc({ outcome: outcome.kind }, reports);
    logReports(outcome.kind, outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind}: ${outcome.reason}`);
  });

  return {
    start: () => stream.start(),
    report: (sample) => void reporter.send(sample),
    close: async () => void (await Promise.all([stream.close(), reporter.close()])),
  };
}
