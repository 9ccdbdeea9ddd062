/** What the agent does for the proxies of its node. */
import { BallastError, describeFailure } from '../contract/errors.ts';
import { qualifiedName } from '../contract/names.ts';
import type { AgentContext } from './context.ts';
import { atMostEvery, FAULT_LOG_MS } from './quiet-log.ts';
import { syncOf } from './serve/old-plugin.ts';
import { openPlugin } from './serve/plugin-file.ts';
import { ProxyTables } from './serve/proxy-tables.ts';
import { ProxyServer } from './serve/server.ts';
import { type Counted, ProxySums } from './uplink/proxy-sums.ts';
import { V1Reports } from './uplink/v1-report.ts';
import type { Identity } from './uplink/node-reports.ts';

export interface ProxySide {
  readonly tables: ProxyTables;
  readonly sums: ProxySums;
  /** What controllers of the version before are reported. */
  readonly v1: V1Reports;
  /** Listens, and resolves with what to say of it. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

export interface ProxyPorts {
  /** Replicas of the node, for the health page. */
  readonly replicas: () => number;
  /** Proxies want services that no proxy wanted before. */
  readonly onNewInterest: () => void;
  /** Reports go out in the form of the version before. */
  readonly sendsOld: () => boolean;
}

export function proxySide(context: AgentContext, identity: Identity, ports: ProxyPorts): ProxySide {
  const { options, log, metrics, held, now } = context;
  const tables = new ProxyTables(held, now, Date.now(), ports.onNewInterest);
  const sums = new ProxySums();
  const v1 = new V1Reports(identity, Date.now);
  const warnOfRefusal = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`statistics of a proxy refused: ${why}`));
  const warnOfFault = atMostEvery(FAULT_LOG_MS, now, (why) => log.warn(`statistics of a proxy left out: ${why}`));
  const count = (pod: string, { fallen, faults }: Counted, others: readonly string[] = []): void => {
    metrics.statistics.inc({ outcome: 'accepted' });
    if (fallen > 0) metrics.fallen.inc(fallen);
    for (const fault of [...faults, ...others]) {
      metrics.statisticsFaults.inc();
      warnOfFault(`${pod}: ${fault}`);
    }
  };
  const server = new ProxyServer({
    tables,
    plugin: openPlugin(options.plugin),
    statistics: (message) => {
      const pod = qualifiedName({ namespace: message.namespace, name: message.pod });
      count(pod, sums.accept(message, now()), message.faults);
      if (ports.sendsOld()) v1.accept(message, tables.versionUsedBy(pod), now());
    },
    oldStatistics: (counters) => {
      const pod = qualifiedName({ namespace: counters.namespace, name: counters.pod });
      count(pod, sums.accept(syncOf(counters), now()));
      if (ports.sendsOld()) v1.acceptOld(counters, now());
    },
    refused: (failure) => {
      metrics.statistics.inc({ outcome: 'refused' });
      warnOfRefusal(describeFailure(failure));
    },
    health: () => ({
      ready: held.validUntil !== undefined && now() < held.validUntil,
      detail: {
        node: options.node,
        replicas: ports.replicas(),
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
    sums,
    v1,
    async listen() {
      const { host, port } = options.listen;
      const address = await server.listen(host, port).catch((error: unknown) => {
        throw new BallastError('INVALID_FLAG', `--listen: ${error instanceof Error ? error.message : String(error)}`);
      });
      return `${options.node}: serving proxies on ${address.address}:${address.port}`;
    },
    close: () => server.close(),
  };
}
