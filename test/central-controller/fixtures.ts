/** Reports, a cluster and a clock for the tests of the controller. */
import type { Cluster, KnownPolicy, ServiceTopology, Topology } from '../../central-controller/model/topology.ts';
import { Collector } from '../../central-controller/collect/collector.ts';
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { NodeReport, ServedRow } from '../../contract/node-report.ts';
import type { AgentReport, CalledCounters, ProxyCounters, ServedCounters } from '../../contract/report.ts';
import { alone, type Leadership } from '../../central-controller/model/leadership.ts';
import { ControlLoop } from '../../central-controller/loop.ts';
import type { Clock } from '../../central-controller/model/clock.ts';
import { ManualWeights } from '../../central-controller/overrides/manual-weights.ts';
import { Publisher } from '../../central-controller/publish/publisher.ts';

/** A clock that a test moves. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}

export function serviceTopology(overrides: Partial<ServiceTopology> = {}): ServiceTopology {
  const name = overrides.name ?? 'geo';
  return {
    namespace: 'hotel',
    name,
    ports: [8080],
    mode: 'Enforce',
    routing: 'Endpoint',
    pinning: false,
    objective: 'delay',
    shareWeight: 1,
    replicas: [1, 2].map((node) => ({
      name: `${name}-${node - 1}`,
      uid: `uid-${name}-${node - 1}`,
      node: `node-${node}`,
      addresses: { 8080: `10.0.${node}.1:8080` },
      ready: true,
      since: 0,
    })),
    ...overrides,
  };
}

export function topologyOf(...services: ServiceTopology[]): Topology {
  return { nodes: [{ name: 'node-1' }, { name: 'node-2' }], services };
}

export class FakeCluster implements Cluster {
  known: readonly KnownPolicy[] = [];
  #topology: Topology;
  #listeners: (() => void)[] = [];

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  read(): Topology {
    return this.#topology;
  }

  policies(): readonly KnownPolicy[] {
    return this.known;
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  change(topology: Topology): void {
    this.#topology = topology;
    for (const changed of this.#listeners) changed();
  }
}

export interface TestLoop {
  readonly loop: ControlLoop;
  readonly clock: FakeClock;
  readonly cluster: FakeCluster;
  readonly defects: unknown[];
}

/** Leadership that a test gives and takes. */
export class FakeLeadership implements Leadership {
  readonly identity = 'this one';
  isLeading = false;
  leaderUrl: URL | undefined;
  /** Who leads when this one does not. */
  other: string | undefined = 'another';
  #listeners: (() => void)[] = [];

  get leader(): string | undefined {
    return this.isLeading ? this.identity : this.other;
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  /** `unheard`: no listener is called, as when the lease expires while the process is suspended. */
  set(isLeading: boolean, unheard = false): void {
    this.isLeading = isLeading;
    if (!unheard) for (const changed of this.#listeners) changed();
  }
}

export function createLoop(
  topology: Topology = topologyOf(serviceTopology()),
  leadership: Leadership = alone('this one'),
): TestLoop {
  const clock = new FakeClock();
  const cluster = new FakeCluster(topology);
  const defects: unknown[] = [];
  const loop = new ControlLoop({
    clock,
    untilNextTick: () => 250,
    cluster,
    collector: new Collector(),
    publisher: new Publisher(clock.now()),
    manual: new ManualWeights(),
    leadership,
    onDefect: (error) => defects.push(error),
  });
  return { loop, clock, cluster, defects };
}

export function served(requests: number, overrides: Partial<ServedCounters> = {}): ServedCounters {
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, index) => (index === 8 ? requests : 0));
  return { requests, failures: 0, inFlight: 1, inFlightSeconds: requests * 0.004, latencyBuckets, ...overrides };
}

export function called(replica: string, requests: number, overrides: Partial<CalledCounters> = {}): CalledCounters {
  return {
    ...served(requests),
    service: '8080|geo.hotel.svc.cluster.local',
    replica,
    unreached: 0,
    ejected: false,
    ...overrides,
  };
}

export function proxy(pod: string, sequence: number, overrides: Partial<ProxyCounters> = {}): ProxyCounters {
  return {
    namespace: 'hotel',
    pod,
    instance: `vm-${pod}`,
    sequence,
    tableVersion: 0,
    fallbacks: 0,
    called: [],
    ...overrides,
  };
}

/** Report number `sequence` of a node that has been busy with half a core since the start, a report each 250 ms. */
export function nodeReport(node: string, sequence: number, overrides: Partial<NodeReport> = {}): NodeReport {
  const seconds = sequence * 0.25;
  return {
    node,
    instance: `agent-${node}`,
    sequence,
    monotonicMs: seconds * 1000,
    full: true,
    cpu: [1, seconds * 0.5, 0],
    held: 0,
    used: 0,
    ...overrides,
  };
}

/** What a pod served up to the report of that number. */
export function servedRow(pod: string, sequence: number, requests: number): ServedRow {
  return [`hotel/${pod}`, sequence * 250, requests, 0, 1, requests * 0.004, 8, [requests]];
}

/** The same in a report of the version before. */
export function report(node: string, sequence: number, overrides: Partial<AgentReport> = {}): AgentReport {
  const seconds = sequence * 0.25;
  return {
    node,
    instance: `agent-${node}`,
    sequence,
    monotonicMs: seconds * 1000,
    cpu: { cores: 1, busySeconds: seconds * 0.5, stealSeconds: 0 },
    replicas: [],
    proxies: [],
    ...overrides,
  };
}

/** Lets both nodes of the default topology report for a while, with as many requests a second at each replica. */
export function runTraffic({ loop, clock }: TestLoop, seconds: number, requestsPerSecond = 100, start = 1): void {
  for (let step = start; step < start + seconds * 4; step++) {
    const isFirst = step === start;
    for (const node of [1, 2]) {
      const pod = `geo-${node - 1}`;
      const hasServed = isFirst || step % 4 === 0;
      const { full, ...head } = nodeReport(`node-${node}`, step);
      loop.accept({
        ...head,
        pods: [[`uid-${pod}`, step * 0.25 * requestsPerSecond * 0.002, 0, null, null, null]],
        ...(hasServed && { served: [servedRow(pod, step, (step / 4) * requestsPerSecond)] }),
        ...(isFirst && full && { full, proxies: [[`hotel/${pod}`, 1, 0, 0]] }),
      });
    }
    clock.advance(250);
  }
}
