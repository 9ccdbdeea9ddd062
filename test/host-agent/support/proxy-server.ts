/** The agent's server for proxies, with everything behind it that is not the test's own. */
import { onTestFinished } from 'vitest';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { ProxyCounters } from '../../../contract/report.ts';
import type { Plugin } from '../../../host-agent/serve/plugin-file.ts';
import { ProxyServer } from '../../../host-agent/serve/server.ts';
import { TableStore } from '../../../host-agent/serve/table-store.ts';
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

/** A server on a clock that the test sets, until the test ends. */
export async function serve(plugin?: Plugin): Promise<{
  url: string;
  server: ProxyServer;
  clock: { now: number };
  statistics: ProxyCounters[];
  refused: string[];
  publish: (weight: number) => void;
}> {
  const clock = { now: 0 };
  const held = new HeldAssignments();
  const board = new TableStore(held, 1_763_600_000_000);
  const statistics: ProxyCounters[] = [];
  const refused: string[] = [];
  const server = new ProxyServer({
    board,
    now: () => clock.now,
    statistics: (counters) => statistics.push(counters),
    refused: (failure) => refused.push(failure.message),
    health: () => ({ ready: held.validUntil !== undefined, detail: { assignment: held.version } }),
    metrics: async () => ({ type: 'text/plain', body: 'metric 1\n' }),
    plugin,
  });
  const address = await server.listen('127.0.0.1', 0);
  onTestFinished(() => server.close());
  return {
    url: `http://127.0.0.1:${address.port}`,
    server,
    clock,
    statistics,
    refused,
    publish: (weight) => {
      const change = held.apply(update({ services: [service({ replicas: [replica({ weight })] })] }), clock.now);
      if (board.changed(change, clock.now)) server.push();
    },
  };
}
