/** The agent's server for proxies, with everything behind it that is not the test's own. */
import { onTestFinished } from 'vitest';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import type { ProxySync } from '../../../contract/proxy-sync.ts';
import type { ProxyCounters } from '../../../contract/report.ts';
import type { Plugin } from '../../../host-agent/serve/plugin-file.ts';
import { ProxyTables } from '../../../host-agent/serve/proxy-tables.ts';
import { ProxyServer } from '../../../host-agent/serve/server.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { replica, service, update } from './updates.ts';

export const COUNTERS: ProxyCounters = {
  namespace: 'hotel',
  pod: 'search-0',
  instance: 'abc123',
  sequence: 4,
  tableVersion: 17,
  fallbacks: 2,
  called: [
    {
      service: '8080|geo.hotel',
      replica: 'geo-0',
      requests: 10,
      failures: 1,
      unreached: 1,
      ejected: true,
      inFlight: 3,
      inFlightSeconds: 0.25,
      latencyBuckets: Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => bucket),
    },
  ],
};

export interface ServedProxies {
  readonly url: string;
  readonly tables: ProxyTables;
  readonly server: ProxyServer;
  readonly clock: { now: number };
  /** Messages of `POST /v1/sync`. */
  readonly messages: ProxySync[];
  /** Statistics of plugins of the version before. */
  readonly statistics: ProxyCounters[];
  readonly refused: string[];
  /** How often proxies wanted services that no proxy wanted before. */
  readonly wantedMore: () => number;
  /** Takes a line from the controller. */
  readonly send: (line: AssignmentUpdate) => void;
  /** Sends one service with one replica of this weight. */
  readonly publish: (weight: number) => void;
}

/** A server on a clock that the test sets, until the test ends. */
export async function serve(plugin?: Plugin): Promise<ServedProxies> {
  const clock = { now: 0 };
  const held = new HeldAssignments();
  let wantedMore = 0;
  const tables = new ProxyTables(
    held,
    () => clock.now,
    1_763_600_000_000,
    () => wantedMore++,
  );
  const messages: ProxySync[] = [];
  const statistics: ProxyCounters[] = [];
  const refused: string[] = [];
  const server = new ProxyServer({
    tables,
    statistics: (message) => messages.push(message),
    oldStatistics: (counters) => statistics.push(counters),
    refused: (failure) => refused.push(failure.message),
    health: () => ({ ready: held.validUntil !== undefined, detail: { assignment: held.version } }),
    metrics: async () => ({ type: 'text/plain', body: 'metric 1\n' }),
    plugin,
  });
  const address = await server.listen('127.0.0.1', 0);
  onTestFinished(() => server.close());
  const send = (line: AssignmentUpdate): void => {
    const versionBefore = held.version;
    tables.changed(held.apply(line, clock.now), versionBefore);
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    tables,
    server,
    clock,
    messages,
    statistics,
    refused,
    wantedMore: () => wantedMore,
    send,
    publish: (weight) => send(update({ services: [service({ replicas: [replica({ weight })] })] })),
  };
}
