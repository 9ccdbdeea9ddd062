/** What the agent does for the proxies of its node. */
import { BallastError, describeFailure } from '../contract/errors.ts';
import { qualifiedName } from '../contract/names.ts';
import type { AgentContext } from './context.ts';
import { atMostEvery } from './quiet-log.ts';
import { openPlugin } from './serve/plugin-file.ts';
import { ProxyTables } from './serve/proxy-tables.ts';
import { ProxyServer } from './serve/server.ts';
import type { PendingStatistics } from './uplink/pending-statistics.ts';
import { V1Statistics } from './uplink/v1-report.ts';

/** Faults that others can cause at any rate are counted, but logged no more often than this. */
const FAULT_LOG_MS = 60_000;

export interface ProxySide {
  readonly tables: ProxyTables;
  /** Listens, and resolves with what to say of it. */
  listen(): Promise<string>;
  tick(): void;
  close(): Promise<void>;
}

export function proxySide(context: AgentContext, pending: PendingStatistics, replicas: () => number): ProxySide {
  const { options, log, metrics, held, now } = context;
  const tables = new ProxyTables(held, now, Date.now(), () => undefined);
  const v1 = new V1Statistics(Date.now);
  const warnOfRefusal = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`statistics of a proxy refused: ${why}`));
  const warnOfFault = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`statistics of a proxy left out: ${why}`));
  const server = new ProxyServer({
    tables,
    plugin: openPlugin(options.plugin),
    statistics: (message) => {
      metrics.statistics.inc({ outcome: 'accepted' });
      const pod = qualifiedName({ namespace: message.namespace, name: message.pod });
      for (const fault of message.faults) {
        metrics.statisticsFaults.inc();
        warnOfFault(`${pod}: ${fault}`);
      }
      const counters = v1.accept(message, tables.versionUsedBy(pod), now());
      if (counters !== undefined) pending.accept(counters, now());
    },
    oldStatistics: (counters) => {
      metrics.statistics.inc({ outcome: 'accepted' });
      pending.accept(counters, now());
    },
    refused: (failure) => {
      metrics.statistics.inc({ outcome: 'refused' });
      warnOfRefusal(describeFailure(failure));
    },
    health: () => ({
      ready: held.validUntil !== undefined && now() < held.validUntil,
      detail: {
        node: options.node,
        replicas: replicas(),
        services: tables.wantedServices,
        table: tables.tableVersion,
        assignment: held.version,
        waiting: tables.waiting,
      },
    }),
    metrics: async () => ({ type: metrics.registry.contentType, body: await metrics.registry.metrics() }),
  });
  return {
    tables,
    async listen() {
      const { host, port } = options.listen;
      const address = await server.listen(host, port).catch((error: unknown) => {
        throw new BallastError('INVALID_FLAG', `--listen: ${error instanceof Error ? error.message : String(error)}`);
      });
      return `${options.node}: serving proxies on ${address.address}:${address.port}`;
    },
    tick() {
      tables.tick();
      for (const counters of v1.repeat(now())) pending.accept(counters, now());
    },
    close: () => server.close(),
  };
}
