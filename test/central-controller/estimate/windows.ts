/** Windows and topologies for tests. */
import type { ReplicaTopology, ServiceTopology, Topology } from '../../../central-controller/model/topology.ts';
import type { Window } from '../../../central-controller/model/windows.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';

type NodeWindow = Extract<Window, { kind: 'node' }>;
type ServedWindow = Extract<Window, { kind: 'served' }>;
type CalledWindow = Extract<Window, { kind: 'called' }>;

export const START = 1_800_000_000_000;

export function replica(name: string, node: string, more: Partial<ReplicaTopology> = {}): ReplicaTopology {
  return { name, uid: `uid-${name}`, node, addresses: { 8080: '10.0.0.1:8080' }, ready: true, since: START, ...more };
}

export function service(replicas: readonly ReplicaTopology[], more: Partial<ServiceTopology> = {}): ServiceTopology {
  return {
    namespace: 'shop',
    name: 'web',
    ports: [8080],
    mode: 'Enforce',
    routing: 'Endpoint',
    pinning: false,
    objective: 'delay',
    shareWeight: 1,
    replicas,
    ...more,
  };
}

export function topology(services: readonly ServiceTopology[], nodes = ['a', 'b']): Topology {
  return { nodes: nodes.map((name) => ({ name })), services };
}

/** A quarter of a second of node `a`, one core. */
export function nodeWindow(at: number, cpuSeconds: Readonly<Record<string, number>>, busySeconds: number): NodeWindow {
  const replicas = Object.entries(cpuSeconds).map(([name, seconds]) => ({
    uid: `uid-${name}`,
    cpuSeconds: seconds,
    throttledSeconds: 0,
  }));
  return { kind: 'node', node: 'a', at, seconds: 0.25, cores: 1, busySeconds, stealSeconds: 0, replicas };
}

export function servedWindow(replicaName: string, at: number, more: Partial<ServedWindow> = {}): ServedWindow {
  return {
    kind: 'served',
    namespace: 'shop',
    replica: replicaName,
    at,
    seconds: 1,
    requests: 100,
    failures: 0,
    inFlight: 1,
    inFlightSeconds: 0.4,
    latencyBuckets: buckets({}),
    ...more,
  };
}

export function calledWindow(replicaName: string, at: number, more: Partial<CalledWindow> = {}): CalledWindow {
  return {
    kind: 'called',
    caller: 'shop/front-0',
    service: '8080|web.shop.svc.cluster.local',
    replica: replicaName,
    at,
    seconds: 1,
    requests: 50,
    failures: 0,
    answered: 50,
    latencySeconds: 0.168,
    ...more,
  };
}

function buckets(counts: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: LATENCY_BUCKETS }, (_, index) => counts[index] ?? 0);
}
