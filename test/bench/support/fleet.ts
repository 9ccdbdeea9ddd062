/** A fleet as the controller sees it: manifests of its services, and the reports of its agents. */
import { stringify } from 'yaml';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { AgentReport, ServedCounters } from '../../../contract/report.ts';

const CPU_PER_REQUEST = 0.002;
/** Buckets of about 4 ms, and of the slowest requests. */
const LATENCY_BUCKET = 8;
const SLOW_BUCKET = 14;
const SLOW_PART = 0.02;

export interface Fleet {
  /** Their names. */
  readonly nodes: readonly string[];
  readonly services: readonly { readonly namespace: string; readonly name: string }[];
  /** Replicas of each service; absent: one on each node. */
  readonly replicas?: number;
  /** Absent: a steady load. */
  readonly load?: FleetLoad;
}

export interface FleetLoad {
  /** Cores of each node. */
  readonly cores: number;
  /** Requests a second at each replica, mean. */
  readonly requestsPerSecond: number;
  /** Fraction by which the rate swings, each replica with its own period; 0 to below 1. */
  readonly swing: number;
  /** Cores that a neighbour takes of every third node. */
  readonly neighbourCores: number;
}

const STEADY: FleetLoad = { cores: 2, requestsPerSecond: 50, swing: 0, neighbourCores: 0 };

export interface Replica {
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly uid: string;
  /** Index of its node. */
  readonly node: number;
  /** Among all. */
  readonly index: number;
}

export function replicasOf({ nodes, services, replicas = nodes.length }: Fleet): Replica[] {
  return services.flatMap(({ namespace, name: service }, at) =>
    Array.from({ length: replicas }, (_, number) => {
      const name = `${service}-${number}`;
      const index = at * replicas + number;
      return { namespace, service, name, uid: `uid-${namespace}-${name}`, node: index % nodes.length, index };
    }),
  );
}

function nodeObjects({ nodes }: Fleet): object[] {
  return nodes.map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
}

/** The service, a policy that enforces it, and its pods. */
function serviceObjects({ nodes }: Fleet, metadata: Fleet['services'][number], replicas: readonly Replica[]): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: metadata.name }, ports: [{ port: 8080 }] },
    },
    {
      apiVersion: 'ballast.dev/v1alpha1',
      kind: 'LoadBalancingPolicy',
      metadata,
      spec: { targetRef: { kind: 'Service', name: metadata.name } },
    },
    ...replicas.map(({ namespace, service, name, uid, node, index }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, uid, labels: { app: service } },
      spec: { nodeName: nodes[node] },
      status: {
        phase: 'Running',
        podIP: podIp(index),
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    })),
  ];
}

/** Within 10.0.0.0/8, of the replica with this index among all. */
function podIp(index: number): string {
  return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
}

function yaml(objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

/** Objects of the cluster, each service with a policy that enforces. */
export function fleetManifests(fleet: Fleet): string {
  return [...fleetFiles(fleet).values()].join('---\n');
}

/** The same by file name: a file of each service, so that none is large. */
export function fleetFiles(fleet: Fleet): Map<string, string> {
  const byService = Map.groupBy(replicasOf(fleet), ({ namespace, service }) => `${namespace}.${service}`);
  const files = new Map([['nodes.yaml', yaml(nodeObjects(fleet))]]);
  for (const service of fleet.services) {
    const name = `${service.namespace}.${service.name}`;
    files.set(`${name}.yaml`, yaml(serviceObjects(fleet, service, byService.get(name) ?? [])));
  }
  return files;
}

/** The report number `sequence` of every agent, `seconds` after the start. */
export function fleetReports(fleet: Fleet, sequence: number, seconds: number): AgentReport[] {
  const { load = STEADY } = fleet;
  const byNode = Map.groupBy(replicasOf(fleet), ({ node }) => node);
  return fleet.nodes.map((node, index) => {
    const counted = (byNode.get(index) ?? []).map((replica) => ({
      replica,
      requests: requestsOf(replica, load, seconds),
    }));
    const neighbour = index % 3 === 0 ? load.neighbourCores * seconds : 0;
    const used = counted.reduce((sum, { requests }) => sum + requests * CPU_PER_REQUEST, 0);
    return {
      node,
      instance: `agent-${node}`,
      sequence,
      monotonicMs: seconds * 1000,
      cpu: { cores: load.cores, busySeconds: neighbour + used, stealSeconds: 0 },
      replicas: counted.map(({ replica: { uid }, requests }) => ({
        uid,
        cpuSeconds: requests * CPU_PER_REQUEST,
        throttledSeconds: 0,
      })),
      proxies: counted.map(({ replica: { namespace, name }, requests }) => ({
        namespace,
        pod: name,
        instance: 'vm',
        sequence,
        tableVersion: 1,
        fallbacks: 0,
        called: [],
        served: served(Math.round(requests)),
      })),
    };
  });
}

/** Requests that a replica has served `seconds` after the start. The counter never falls. */
function requestsOf({ index }: Replica, { requestsPerSecond, swing }: FleetLoad, seconds: number): number {
  const pace = 0.3 + 0.05 * (index % 7);
  return requestsPerSecond * (seconds + (swing * (1 - Math.cos(pace * seconds))) / pace);
}

function served(requests: number): ServedCounters {
  const slow = Math.floor(requests * SLOW_PART);
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  latencyBuckets[LATENCY_BUCKET] = requests - slow;
  latencyBuckets[SLOW_BUCKET] = slow;
  return { requests, failures: 0, inFlight: 1, inFlightSeconds: requests * 0.004, latencyBuckets };
}
