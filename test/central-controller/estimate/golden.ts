/** Windows of a small mesh in which everything happens that the estimator knows, and the snapshots that follow. */
import { createEstimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';
import type { Snapshot } from '../../../central-controller/model/snapshot.ts';
import type { ReplicaTopology, Topology } from '../../../central-controller/model/topology.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { seeded } from '../../bench/allocate/instances.ts';
import { calledWindow, replica, service, servedWindow, START, topology } from './windows.ts';

const NODES = ['a', 'b', 'c'];
const SERVICES = [
  { name: 'web', replicas: 4, rate: 80, cost: 0.002, idle: 0.01 },
  { name: 'slow', replicas: 3, rate: 5, cost: 0.03, idle: 0 },
  { name: 'bare', replicas: 2, rate: 30, cost: 0.004, idle: 0.02 },
];
const SECONDS = 60;

function topologyAt(second: number): Topology {
  const services = SERVICES.map(({ name, replicas: count }, index) => {
    const replicas = Array.from({ length: count }, (_, at): ReplicaTopology => {
      const isRemade = name === 'web' && at === 1 && second >= 30;
      const more = {
        uid: `uid-${name}-${at}${isRemade ? '-new' : ''}`,
        since: isRemade ? START + 30_000 : START,
        ready: !(isRemade && second < 34),
        ...(at === 0 && { limitCores: 0.5, requestCores: 0.1 }),
      };
      return replica(`${name}-${at}`, NODES[(at + index) % NODES.length] ?? 'a', more);
    });
    return service(replicas, { name, ...(name === 'slow' && second >= 45 && { mode: 'Off' as const }) });
  });
  return topology(services, NODES);
}

/** The snapshots of some seconds. */
export function goldenSnapshots(): Snapshot[] {
  const uniform = seeded(7);
  const noise = (): number => 0.8 + 0.4 * uniform();
  const estimates = createEstimates();
  const taken: Snapshot[] = [];
  for (let second = 0; second < SECONDS; second++) {
    const now = topologyAt(second);
    snapshot(estimates, now, START + 1000 * second);
    for (let quarter = 1; quarter <= 4; quarter++) {
      const at = START + 1000 * second + 250 * quarter;
      for (const node of NODES) {
        const replicas = now.services.flatMap((each) => each.replicas.filter((one) => one.node === node));
        const windows = replicas.map(({ name, uid }) => {
          const { rate, cost, idle } = SERVICES.find((each) => name.startsWith(each.name)) ?? {
            rate: 0,
            cost: 0,
            idle: 0,
          };
          const swing = 1 + 0.5 * Math.sin(second / 6);
          const isThrottled = name === 'bare-1' && second > 20 && second < 40;
          return {
            uid,
            cpuSeconds: (0.25 * (rate * cost * swing + idle) * noise()) / (isThrottled ? 2 : 1),
            throttledSeconds: isThrottled ? 0.1 : 0,
            ...(name === 'web-2' && { limitCores: 0.4 }),
            ...(name === 'web-3' && second > 50 && { grantedCores: 0.3 }),
          };
        });
        const used = windows.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
        const neighbour = node === 'b' && second > 25 ? 0.1 * noise() : 0.01;
        const head = { node, at, seconds: 0.25, cores: 1, busySeconds: used + neighbour, stealSeconds: 0.001 };
        if (!(node === 'c' && second > 52)) observe(estimates, { kind: 'node', ...head, replicas: windows });
      }
    }
    if (second % 2 === 1) observeRequests(estimates, now, second, noise);
    if (second % 10 === 9) taken.push(structuredClone(snapshot(estimates, now, START + 1000 * (second + 1))));
  }
  return taken;
}

function observeRequests(
  estimates: ReturnType<typeof createEstimates>,
  now: Topology,
  second: number,
  noise: () => number,
): void {
  const at = START + 1000 * (second + 1);
  for (const { name: serviceName, replicas } of now.services) {
    const { rate } = SERVICES.find(({ name }) => name === serviceName) ?? { rate: 0 };
    for (const { name, ready } of replicas) {
      const requests = ready ? Math.round(2 * rate * (1 + 0.5 * Math.sin(second / 6)) * noise()) : 0;
      const failures = name === 'web-2' && second > 35 ? Math.floor(requests / 3) : 0;
      const latency = name === 'web-3' && second > 20 ? 0.05 : 0.006;
      const latencySeconds = requests * latency * noise();
      if (serviceName === 'bare') {
        for (const caller of ['node-1', 'node-2']) {
          const half = { requests: Math.floor(requests / 2), failures, answered: Math.floor(requests / 2) };
          const counted = { ...half, seconds: 2, caller, latencySeconds: latencySeconds / 2 };
          observe(estimates, calledWindow(name, at, { ...counted, service: '8080|bare.shop.svc.cluster.local' }));
        }
        continue;
      }
      const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => (bucket === 9 ? requests : 0));
      const counted = { seconds: 2, requests, failures, inFlight: 2, inFlightSeconds: latencySeconds, latencyBuckets };
      observe(estimates, servedWindow(name, at, counted));
    }
  }
}
