/** What one node has counted, as its agent reports it: of this version, or of the version before. */
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { CalledRow, NodeReport, ServedRow } from '../../../contract/node-report.ts';
import type { AgentReport, CalledCounters } from '../../../contract/report.ts';
import type { Replica } from '../support/fleet.ts';
import { CORES, CPU_PER_REQUEST, type Callee, type FleetPlan } from './plan.ts';

/** A pod's window closes, and a node's sums go up, with each so manyth report: every two seconds. */
const REPORTS_PER_WINDOW = 8;
const NOISE = 0.2;
const LATENCY_SECONDS = 0.004;
/** Buckets around 4 ms, with the part of the requests that each counts. */
const FIRST_BUCKET = 6;
const SPREAD = [0.1, 0.3, 0.4, 0.15, 0.05];

interface PodCounters {
  readonly replica: Replica;
  readonly service: number;
  readonly callees: readonly Callee[];
  cpuSeconds: number;
  requests: number;
  /** Windows so far. */
  windows: number;
}

export class NodeCounters {
  readonly node: string;
  readonly keys: readonly string[];
  /** Newest version that was read. */
  version = 0;
  readonly #plan: FleetPlan;
  readonly #index: number;
  readonly #pods: readonly PodCounters[];
  readonly #uniform: () => number;
  readonly #instance: string;
  #sequence = 0;
  #seconds = 0;
  #busySeconds = 0;

  /** @param uniform random numbers from 0 to below 1 */
  constructor(plan: FleetPlan, index: number, uniform: () => number) {
    this.#plan = plan;
    this.#index = index;
    this.#uniform = uniform;
    this.node = plan.fleet.nodes[index] ?? '';
    this.#instance = `agent-${index}`;
    this.keys = plan.calledOn(index).map(({ key }) => key);
    this.#pods = plan.replicasOn(index).map((replica) => ({
      replica,
      service: plan.serviceOf(replica),
      callees: plan.calledBy(replica),
      cpuSeconds: 0,
      requests: 0,
      windows: 0,
    }));
  }

  /** Lets time pass until `seconds` after the beginning. */
  advance(seconds: number): void {
    const passed = seconds - this.#seconds;
    this.#seconds = seconds;
    this.#sequence++;
    let used = 0;
    for (const pod of this.#pods) {
      const rate = this.#plan.rate(pod.service, seconds);
      const cpuSeconds = rate * passed * CPU_PER_REQUEST * this.#noise();
      pod.cpuSeconds += cpuSeconds;
      pod.requests += Math.round(rate * passed * this.#noise());
      used += cpuSeconds;
    }
    this.#busySeconds += used + this.#plan.otherCores(this.#index, seconds) * passed * this.#noise();
  }

  /** @param isFull every row, not only those that changed */
  report(isFull: boolean): NodeReport {
    const closed = this.#pods.filter((_, pod) => isFull || this.#isDue(pod));
    return {
      node: this.node,
      instance: this.#instance,
      sequence: this.#sequence,
      monotonicMs: 1000 * this.#seconds,
      ...(isFull && { full: true, proxies: this.#pods.map(({ replica }) => [podName(replica), 1, 1, 0]) }),
      cpu: [CORES, this.#busySeconds, 0],
      pods: this.#pods.map(({ replica, cpuSeconds }) => [replica.uid, cpuSeconds, 0, null, null, null]),
      served: closed.map((pod) => this.#served(pod)),
      ...((isFull || this.#isDue(this.#index)) && { called: this.#called() }),
      held: this.version,
      used: this.version,
    };
  }

  /** As agents of the version before report the same. */
  oldReport(): AgentReport {
    return {
      node: this.node,
      instance: this.#instance,
      sequence: this.#sequence,
      monotonicMs: 1000 * this.#seconds,
      cpu: { cores: CORES, busySeconds: this.#busySeconds, stealSeconds: 0 },
      replicas: this.#pods.map(({ replica: { uid }, cpuSeconds }) => ({ uid, cpuSeconds, throttledSeconds: 0 })),
      proxies: this.#pods.filter((_, pod) => this.#isDue(pod)).map((pod) => this.#proxy(pod)),
    };
  }

  #isDue(offset: number): boolean {
    return (this.#sequence + offset) % REPORTS_PER_WINDOW === 0;
  }

  #served({ replica, requests }: PodCounters): ServedRow {
    const counts = SPREAD.map((part) => Math.floor(part * requests));
    const atMs = 1000 * this.#seconds;
    return [podName(replica), atMs, requests, 0, 1, requests * LATENCY_SECONDS, FIRST_BUCKET, counts];
  }

  /** Each pod calls each of its callees as often as it is called itself. */
  #called(): CalledRow[] {
    const sums = new Map<string, number>();
    for (const { callees, requests } of this.#pods) {
      for (const { key } of callees) sums.set(key, (sums.get(key) ?? 0) + requests);
    }
    return [...sums].map(([key, requests]) => [key, requests, 0, 0, requests, requests * LATENCY_SECONDS]);
  }

  #proxy(pod: PodCounters): AgentReport['proxies'][number] {
    const { replica, requests, callees } = pod;
    return {
      namespace: replica.namespace,
      pod: replica.name,
      instance: 'vm',
      sequence: ++pod.windows,
      tableVersion: this.version,
      fallbacks: 0,
      served: { requests, failures: 0, ...load(requests) },
      called: callees.flatMap(({ key, replicas }) =>
        replicas.map((name): CalledCounters => {
          const here = Math.floor(requests / replicas.length);
          const ends = { requests: here, failures: 0, unreached: 0, ejected: false };
          return { service: key, replica: name, ...ends, ...load(here) };
        }),
      ),
    };
  }

  /** Around 1, roughly normal. */
  #noise(): number {
    let sum = 0;
    for (let count = 0; count < 6; count++) sum += this.#uniform();
    return Math.max(0, 1 + (NOISE * (sum - 3)) / Math.SQRT1_2);
  }
}

function podName({ namespace, name }: Replica): string {
  return `${namespace}/${name}`;
}

function load(requests: number): { inFlight: number; inFlightSeconds: number; latencyBuckets: number[] } {
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  for (const [at, part] of SPREAD.entries()) latencyBuckets[FIRST_BUCKET + at] = Math.floor(part * requests);
  return { inFlight: 1, inFlightSeconds: requests * LATENCY_SECONDS, latencyBuckets };
}
