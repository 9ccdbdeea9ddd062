/**
 * The control loop in virtual time: whole requests arrive evenly and are worked off as a fluid, with the real estimator
 * and the real decision, and every delay that the real loop has. Requests queue at a node that has more work than
 * capacity.
 */
import type { ServiceTopology, Topology } from '../../../central-controller/model/topology.ts';
import type { Decision } from '../../../contract/decision.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import { createEstimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';

export interface LoopService {
  readonly name: string;
  readonly cost: number;
  /** Node of each replica. */
  readonly nodes: readonly number[];
  readonly requestsPerSecond: (ms: number) => number;
  /** Seconds that each request of a replica takes besides CPU and queueing; none where it is not given. */
  readonly hidden?: (replica: number, ms: number) => number;
  /** Cores that each replica uses without any request; none where it is not given. */
  readonly idleCores?: number;
}

export interface LoopOptions {
  readonly cores: readonly number[];
  readonly services: readonly LoopService[];
  /** Cores that a neighbour takes of a node. */
  readonly background: (node: number, ms: number) => number;
  /**
   * Relative standard deviation of what really happens, drawn anew every 250 ms: arrivals of each service, CPU per
   * request of each replica, the neighbour of each node. What is then measured is exact, as kernels and proxies count.
   */
  readonly noise: number;
  /** Requests arrive one by one at random (Poisson) instead of evenly. */
  readonly random?: boolean;
  readonly seed: number;
  readonly untilMs: number;
}

export interface LoopState {
  readonly ms: number;
  readonly decision: Decision;
  /** Shares that the proxies send, per service and replica. */
  readonly weights: readonly (readonly number[])[];
  /** True utilisation of each node with those weights, queues apart. */
  readonly utilisation: readonly number[];
}

const STEP_MS = 10;
const REPORT_MS = 250;
const SERVED_MS = 1000;
const TICK_MS = 250;
const PUBLISH_MS = 200;
const WALL_MS = 1_800_000_000_000;

function loopTopology(options: Pick<LoopOptions, 'cores' | 'services'>): Topology {
  return {
    nodes: options.cores.map((_, index) => ({ name: `node-${index}` })),
    services: options.services.map(({ name, nodes }): ServiceTopology => ({
      namespace: 'shop',
      name,
      ports: [8080],
      mode: 'Enforce',
      routing: 'Endpoint',
      pinning: false,
      objective: 'delay',
      shareWeight: 1,
      replicas: nodes.map((node, index) => ({
        name: `${name}-${index}`,
        uid: `uid-${name}-${index}`,
        node: `node-${node}`,
        addresses: { 8080: `10.0.${node}.${index}:8080` },
        ready: true,
        since: WALL_MS,
      })),
    })),
  };
}

/** Runs the loop and returns its state at each tick. */
export function runLoop(options: LoopOptions): LoopState[] {
  const random = numbers(options.seed);
  const factor = (): number => Math.max(0.1, 1 + options.noise * random.normal());
  const topology = loopTopology(options);
  const estimates = createEstimates();
  snapshot(estimates, topology, WALL_MS);
  const replicas = options.services.flatMap((service, s) =>
    service.nodes.map((node, r) => ({ s, r, node, service, due: 0, queue: 0, cpu: 0, served: 0, inFlight: 0 })),
  );
  const busy = options.cores.map(() => 0);
  let arrivals = options.services.map(factor);
  let costs = replicas.map(factor);
  let neighbours = options.cores.map(factor);
  const states: LoopState[] = [];
  let used = options.services.map(({ nodes }) => nodes.map(() => 1 / nodes.length));
  const published: { at: number; weights: number[][] }[] = [];
  let previous: Decision | undefined;
  for (let ms = STEP_MS; ms <= options.untilMs; ms += STEP_MS) {
    const seconds = STEP_MS / 1000;
    while (published[0] && published[0].at <= ms) used = published.shift()?.weights ?? [];
    if (ms % REPORT_MS === 0) {
      arrivals = arrivals.map(factor);
      costs = costs.map(factor);
      neighbours = neighbours.map(factor);
    }
    options.cores.forEach((cores, n) => {
      const here = replicas.flatMap((replica, index) =>
        replica.node === n ? [{ replica, cost: replica.service.cost * (costs[index] ?? 1) }] : [],
      );
      for (const { replica } of here) {
        const rate = replica.service.requestsPerSecond(ms) * (arrivals[replica.s] ?? 1);
        const expected = rate * (used[replica.s]?.[replica.r] ?? 0) * seconds;
        replica.due += options.random ? poisson(expected, random.uniform) : expected;
        replica.queue += Math.floor(replica.due);
        replica.due %= 1;
      }
      const wanted = here.reduce((sum, { replica, cost }) => sum + replica.queue * cost, 0);
      const neighbour = Math.min(cores, options.background(n, ms) * (neighbours[n] ?? 1)) * seconds;
      const idle = here.reduce((sum, { replica }) => sum + (replica.service.idleCores ?? 0), 0) * seconds;
      const part = wanted > 0 ? Math.min(1, Math.max(0, cores * seconds - neighbour - idle) / wanted) : 0;
      for (const { replica, cost } of here) {
        const done = replica.queue * part;
        replica.queue -= done;
        const hidden = replica.service.hidden?.(replica.r, ms) ?? 0;
        replica.inFlight += replica.queue * seconds + done * (cost + hidden);
        replica.served += done;
        replica.cpu += done * cost + (replica.service.idleCores ?? 0) * seconds;
      }
      busy[n] = (busy[n] ?? 0) + wanted * part + neighbour + idle;
    });
    options.cores.forEach((cores, n) => {
      if ((ms + n * 60) % REPORT_MS !== 0) return;
      const here = replicas.filter(({ node }) => node === n);
      observe(estimates, {
        kind: 'node',
        node: `node-${n}`,
        at: WALL_MS + ms,
        seconds: REPORT_MS / 1000,
        cores,
        busySeconds: busy[n] ?? 0,
        stealSeconds: 0,
        replicas: here.map(({ service, r, cpu }) => ({
          uid: `uid-${service.name}-${r}`,
          cpuSeconds: cpu,
          throttledSeconds: 0,
        })),
      });
      busy[n] = 0;
      for (const replica of here) replica.cpu = 0;
    });
    replicas.forEach((replica, index) => {
      if ((ms + index * 130) % SERVED_MS !== 0) return;
      observe(estimates, {
        kind: 'served',
        namespace: 'shop',
        replica: `${replica.service.name}-${replica.r}`,
        at: WALL_MS + ms,
        seconds: SERVED_MS / 1000,
        requests: Math.floor(replica.served + 1e-9),
        failures: 0,
        inFlight: Math.round(replica.queue),
        inFlightSeconds: replica.inFlight,
        latencyBuckets: Array.from({ length: LATENCY_BUCKETS }, () => 0),
      });
      replica.served -= Math.floor(replica.served + 1e-9);
      replica.inFlight = 0;
    });
    if (ms % TICK_MS !== 0) continue;
    const policy = { parameters: DEFAULT_PARAMETERS, manual: [] };
    const decision = decide(snapshot(estimates, topology, WALL_MS + ms), policy, previous, WALL_MS + ms);
    previous = decision;
    const weights = decision.services.map((service) => service.replicas.map(({ weight }) => weight));
    published.push({ at: ms + PUBLISH_MS, weights });
    states.push({ ms, decision, weights: used, utilisation: utilisation(options, used, ms) });
  }
  return states;
}

/** Utilisation that the weights make of each node, without noise. */
function utilisation(
  options: Pick<LoopOptions, 'cores' | 'services' | 'background'>,
  weights: readonly (readonly number[])[],
  ms: number,
): number[] {
  return options.cores.map((cores, n) => {
    let load = options.background(n, ms);
    options.services.forEach((service, s) =>
      service.nodes.forEach((node, r) => {
        if (node !== n) return;
        load += service.requestsPerSecond(ms) * service.cost * (weights[s]?.[r] ?? 0) + (service.idleCores ?? 0);
      }),
    );
    return load / cores;
  });
}

/** Numbers from a seed (xorshift): uniform in (0, 1), and standard normal (Box-Muller). */
function numbers(seed: number): { uniform: () => number; normal: () => number } {
  let state = seed >>> 0 || 1;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()) };
}

/** A whole number with the mean that is expected (Knuth's product of uniform numbers; fit for small means). */
function poisson(expected: number, uniform: () => number): number {
  let product = uniform();
  let count = 0;
  for (; product > Math.exp(-expected); count++) product *= uniform();
  return count;
}
