/** Both phases in a row: what each service is served of its demand, and how that is split over its replicas. */
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';
import { fairDemand } from './fair-demand.ts';
import type { SplitProblem } from './split-problem.ts';
import { solveSplit } from './split-solver.ts';

export interface AllocationInput {
  readonly curve: CurveKind;
  readonly nodes: readonly AllocationNode[];
  readonly services: readonly AllocationService[];
  /** Part of the equal share that no replica falls below. */
  readonly floor: number;
}

export interface AllocationNode {
  /** Cores, positive. */
  readonly capacityCores: number;
  /** Cores that are used whatever is decided. */
  readonly backgroundCores: number;
}

export interface AllocationService {
  readonly requestsPerSecond: number;
  readonly shareWeight: number;
  /** Part of the marginal cost that holds weights together, per equal share of distance; positive. */
  readonly pull: number;
  /** At least one. */
  readonly replicas: readonly AllocationReplica[];
}

export interface AllocationReplica {
  /** Index into `nodes`. */
  readonly node: number;
  /** CPU seconds per request, positive. */
  readonly cost: number;
  /** Seconds per request beyond what CPU and queueing explain. */
  readonly hidden: number;
  readonly limitCores?: number;
  /** A share that is settled already. Those of one service sum to at most 1, and to 1 where all are settled. */
  readonly fixed?: number;
  /** Share in force, from which the search starts. */
  readonly start: number;
}

export interface Allocation {
  readonly services: readonly ServiceAllocation[];
  /** Cores that each node would be loaded with, offered demand and background. */
  readonly loads: readonly number[];
  readonly certificate: number;
}

export interface ServiceAllocation {
  readonly demandCores: number;
  readonly fairShareCores: number;
  readonly servedCores: number;
  /** Sum to 1. */
  readonly shares: readonly number[];
}

/** A service without requests is placed as though it had this demand, so that its next request goes well. */
const LEAST_DEMAND_CORES = 1e-4;

/** The pull is never measured by less, so that the optimum stays unique where all is idle. */
const LEAST_PRICE = 1e-3;

export function allocate(input: AllocationInput): Allocation {
  const demands = input.services.map((service) =>
    Math.max(service.requestsPerSecond * meanCost(service), LEAST_DEMAND_CORES),
  );
  const free = input.nodes.map((node) => Math.max(0, node.capacityCores - node.backgroundCores));
  const replicas = input.services.flatMap((service, index) =>
    service.replicas.map(({ node, limitCores }) => ({ service: index, node, limit: limitCores ?? Infinity })),
  );
  const fairShares = fairSharesOf(input, free);
  const served = fairDemand({
    demand: demands,
    guarantee: fairShares,
    weight: input.services.map((service) => service.shareWeight),
    capacity: free,
    replicas: replicas.map((replica) => ({ ...replica, limit: Math.min(replica.limit, free[replica.node] ?? 0) })),
  });
  const { problem, start, placed } = splitProblemOf(input, served);
  const split = solveSplit(problem, start);
  const shares = input.services.map((service) => service.replicas.map((replica) => replica.fixed ?? 0));
  placed.forEach(({ service, replica }, index) => {
    const own = shares[service];
    if (own) own[replica] = (split.requests[index] ?? 0) / (servedRate(input, served, service) || 1);
  });
  const loads = input.nodes.map((node) => node.backgroundCores);
  input.services.forEach((service, index) => {
    const rate = (demands[index] ?? 0) / meanCost(service);
    service.replicas.forEach((replica, at) => {
      loads[replica.node] = (loads[replica.node] ?? 0) + rate * (shares[index]?.[at] ?? 0) * replica.cost;
    });
  });
  return {
    loads,
    certificate: split.certificate,
    services: input.services.map((_, index) => ({
      demandCores: demands[index] ?? 0,
      fairShareCores: fairShares[index] ?? 0,
      servedCores: served[index] ?? 0,
      shares: normalised(shares[index] ?? []),
    })),
  };
}

/** The part of each node that its replicas' services are entitled to, by their weights, summed per service. */
function fairSharesOf(input: AllocationInput, free: readonly number[]): number[] {
  const weightOnNode = input.nodes.map(() => 0);
  for (const service of input.services) {
    for (const { node } of service.replicas) weightOnNode[node] = (weightOnNode[node] ?? 0) + service.shareWeight;
  }
  return input.services.map((service) =>
    service.replicas.reduce((sum, { node, limitCores }) => {
      const share = ((free[node] ?? 0) * service.shareWeight) / (weightOnNode[node] || 1);
      return sum + Math.min(share, limitCores ?? Infinity);
    }, 0),
  );
}

function meanCost(service: AllocationService): number {
  return service.replicas.reduce((sum, replica) => sum + replica.cost, 0) / service.replicas.length;
}

/** Requests per second of the service that the nodes can carry. */
function servedRate(input: AllocationInput, served: readonly number[], index: number): number {
  const service = input.services[index];
  return service ? Math.max(served[index] ?? 0, LEAST_DEMAND_CORES) / meanCost(service) : 0;
}

function splitProblemOf(
  input: AllocationInput,
  served: readonly number[],
): { problem: SplitProblem; start: Float64Array; placed: { service: number; replica: number }[] } {
  const placed = input.services.flatMap((service, index) =>
    service.replicas.flatMap(({ fixed }, replica) => (fixed === undefined ? [{ service: index, replica }] : [])),
  );
  const background = input.nodes.map((node) => node.backgroundCores);
  input.services.forEach((service, index) => {
    const rate = servedRate(input, served, index);
    for (const { fixed, node, cost } of service.replicas) {
      background[node] = (background[node] ?? 0) + (fixed ?? 0) * rate * cost;
    }
  });
  const reference = referencePrice(input, served);
  const columns = { node: [0], limit: [0], cost: [0], hidden: [0], floor: [0], anchor: [0], pull: [0], start: [0] };
  for (const column of Object.values(columns)) column.pop();
  const demand: number[] = [];
  const start: number[] = [];
  input.services.forEach((service, index) => {
    const open = service.replicas.filter((replica) => replica.fixed === undefined);
    if (open.length === 0) return;
    const settled = service.replicas.reduce((sum, replica) => sum + (replica.fixed ?? 0), 0);
    const rate = servedRate(input, served, index);
    const left = rate * Math.max(1 - settled, open.length * input.floor);
    start.push(columns.node.length);
    demand.push(left);
    const started = open.reduce((sum, replica) => sum + replica.start, 0);
    for (const replica of open) {
      columns.node.push(replica.node);
      columns.limit.push(replica.limitCores ?? Infinity);
      columns.cost.push(replica.cost);
      columns.hidden.push(replica.hidden);
      columns.floor.push((input.floor * left) / open.length);
      columns.anchor.push(left / open.length);
      columns.pull.push((service.pull * reference * meanCost(service) * open.length) / left);
      columns.start.push(started > 0 ? (left * replica.start) / started : left / open.length);
    }
  });
  start.push(columns.node.length);
  const problem: SplitProblem = {
    curve: input.curve,
    capacity: Float64Array.from(input.nodes, (node) => node.capacityCores),
    background: Float64Array.from(background),
    demand: Float64Array.from(demand),
    start: Int32Array.from(start),
    node: Int32Array.from(columns.node),
    limit: Float64Array.from(columns.limit),
    cost: Float64Array.from(columns.cost),
    hidden: Float64Array.from(columns.hidden),
    floor: Float64Array.from(columns.floor),
    anchor: Float64Array.from(columns.anchor),
    pull: Float64Array.from(columns.pull),
  };
  return { problem, start: Float64Array.from(columns.start), placed };
}

/** What load would cost if all nodes that have replicas were equally used: the measure for the pull. */
function referencePrice(input: AllocationInput, served: readonly number[]): number {
  const used = new Set(input.services.flatMap((service) => service.replicas.map(({ node }) => node)));
  const nodes = input.nodes.filter((_, index) => used.has(index));
  if (nodes.length === 0) return 1;
  const capacity = nodes.reduce((sum, node) => sum + node.capacityCores, 0);
  const background = nodes.reduce((sum, node) => sum + node.backgroundCores, 0);
  const load = served.reduce((sum, cores) => sum + cores, background);
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  const mean = capacity / nodes.length;
  evaluateCurve(input.curve, mean, mean * Math.min(1, load / capacity), false, point);
  return Math.max(point.price, LEAST_PRICE);
}

function normalised(shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => (sum > 0 ? share / sum : 1 / shares.length));
}
