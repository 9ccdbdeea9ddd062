/**
 * Both phases in a row: what each service is served of its demand, and how that is split over its replicas.
 *
 * Services may differ in what they ask for. Those that ask for the least delay are placed first, with all others as
 * though they asked for it too; then those that ask for level nodes are placed on what results, so that no node is more
 * used than need be, then no second node, and so on (lexicographic min-max: the least sum of squares attains it,
 * Fujishige 1980). So each mix has one answer, and what a service asked for holds for the nodes as they end up where it
 * asked for level, and for its own placement exactly where all asked for delay.
 */
import { add, at, indexAt } from './column.ts';
import { type AllocationInput, fits } from './allocation-input.ts';
import { FairDemand } from './fair-demand.ts';
import { createFairProblem, type FairProblem } from './fair-problem.ts';
import { Hardware } from './hardware.ts';
import { type Demands, fillSplit, LEAST_DEMAND_CORES } from './split-filling.ts';
import { createSplitProblem, type SplitProblem } from './split-problem.ts';
import { SplitSolver } from './split-solver.ts';

/** The columns belong to the allocator, which writes its next result over them. */
export interface Allocation {
  readonly demandCores: Float64Array;
  readonly fairShareCores: Float64Array;
  readonly servedCores: Float64Array;
  /** Per replica; those of one service sum to 1. */
  readonly shares: Float64Array;
  /** Cores that each node would be loaded with, offered demand and background. */
  readonly loads: Float64Array;
  /** Largest relative violation of the optimality conditions in any phase. */
  certificate: number;
}

/**
 * Allocates again and again. What it remembers makes the next time faster and changes no result beyond the certificate;
 * all memory is made when the numbers of nodes, services or replicas change.
 */
export class Allocator {
  #memory: Memory | undefined;

  allocate(input: AllocationInput): Allocation {
    const nodes = input.capacityCores.length;
    const services = input.requestsPerSecond.length;
    const replicas = input.node.length;
    if (!this.#memory || !fits(this.#memory.input, nodes, services, replicas)) this.#memory = createMemory(input);
    return allocateInto(input, this.#memory);
  }
}

interface Memory extends Demands {
  /** The input that the memory was made for: its lengths are what counts. */
  readonly input: AllocationInput;
  readonly fairProblem: FairProblem;
  readonly fair: FairDemand;
  readonly problem: SplitProblem;
  readonly delay: SplitSolver;
  readonly level: SplitSolver;
  readonly hardware: Hardware;
  /** Shares that are not to be found now; NaN where they are; per replica. */
  readonly settled: Float64Array;
  readonly weightOnNode: Float64Array;
  readonly result: Allocation;
}

function createMemory(input: AllocationInput): Memory {
  const nodes = input.capacityCores.length;
  const services = input.requestsPerSecond.length;
  const replicas = input.node.length;
  const fair = new FairDemand(nodes, services, replicas);
  const result: Allocation = {
    demandCores: new Float64Array(services),
    fairShareCores: new Float64Array(services),
    servedCores: fair.served,
    shares: new Float64Array(replicas),
    loads: new Float64Array(nodes),
    certificate: 0,
  };
  return {
    input,
    fairProblem: createFairProblem(nodes, services, replicas),
    fair,
    problem: createSplitProblem(nodes, services, replicas),
    delay: new SplitSolver(nodes, services, replicas),
    level: new SplitSolver(nodes, services, replicas),
    hardware: new Hardware(nodes, replicas),
    settled: new Float64Array(replicas),
    weightOnNode: new Float64Array(nodes),
    meanCost: new Float64Array(services),
    served: fair.served,
    result,
  };
}

function allocateInto(input: AllocationInput, memory: Memory): Allocation {
  const { result, fair, fairProblem, settled, problem } = memory;
  fillFairProblem(input, memory);
  fair.solve(fairProblem);
  result.certificate = fair.certificate;
  settled.set(input.fixed);
  const levels = input.level.reduce((sum, level) => sum + level, 0);
  if (levels < input.level.length) {
    problem.weight.fill(1);
    fillSplit(input, memory, 'delay', settled, problem);
    memory.delay.solve(problem);
    result.certificate = Math.max(result.certificate, memory.delay.certificate);
    settle(input, memory, memory.delay.requests, false);
  }
  if (levels > 0) {
    memory.hardware.fit(input);
    problem.weight.set(memory.hardware.speed);
    fillSplit(input, memory, 'level', settled, problem);
    memory.level.solve(problem);
    result.certificate = Math.max(result.certificate, memory.level.certificate);
    settle(input, memory, memory.level.requests, true);
  }
  fillResult(input, memory);
  return result;
}

/** Demand in cores, and the part of each node that its replicas' services are entitled to, by their weights. */
function fillFairProblem(input: AllocationInput, memory: Memory): void {
  const { fairProblem, weightOnNode, meanCost, result } = memory;
  const { firstReplica, node, limitCores, shareWeight } = input;
  const { capacity, limit, guarantee, demand } = fairProblem;
  fairProblem.firstReplica.set(firstReplica);
  fairProblem.node.set(node);
  fairProblem.weight.set(shareWeight);
  weightOnNode.fill(0);
  for (let n = 0; n < capacity.length; n++) {
    capacity[n] = Math.max(0, at(input.capacityCores, n) - at(input.backgroundCores, n));
  }
  for (let s = 0; s < demand.length; s++) {
    const from = indexAt(firstReplica, s);
    const to = indexAt(firstReplica, s + 1);
    let rate = 0;
    for (let j = from; j < to; j++) {
      rate += 1 / at(input.cost, j);
      add(weightOnNode, indexAt(node, j), at(shareWeight, s));
    }
    meanCost[s] = (to - from) / rate;
    demand[s] = Math.max(at(input.requestsPerSecond, s) * at(meanCost, s), LEAST_DEMAND_CORES);
  }
  for (let s = 0; s < demand.length; s++) {
    let sum = 0;
    for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) {
      const free = at(capacity, indexAt(node, j));
      const share = (free * at(shareWeight, s)) / (weightOnNode[indexAt(node, j)] || 1);
      sum += Math.min(share, at(limitCores, j));
      limit[j] = Math.min(free, at(limitCores, j));
    }
    guarantee[s] = sum;
  }
  result.demandCores.set(demand);
  result.fairShareCores.set(guarantee);
}

/** Takes the shares that were found for the services that ask for `level`, or for delay, as settled. */
function settle(input: AllocationInput, memory: Memory, requests: Float64Array, level: boolean): void {
  const { settled, problem } = memory;
  let index = 0;
  for (let s = 0; s < problem.demand.length; s++) {
    const isSettled = (input.level[s] === 1) === level;
    const rate = at(memory.served, s);
    for (let j = indexAt(input.firstReplica, s); j < indexAt(input.firstReplica, s + 1); j++) {
      if (!Number.isNaN(settled[j])) continue;
      if (isSettled) settled[j] = (at(requests, index) * at(memory.meanCost, s)) / Math.max(rate, LEAST_DEMAND_CORES);
      index += 1;
    }
  }
}

/** Shares that sum to 1, and the loads that the offered demand makes with them. */
function fillResult(input: AllocationInput, memory: Memory): void {
  const { settled, result, meanCost } = memory;
  const { shares, loads, demandCores } = result;
  loads.set(input.backgroundCores);
  for (let s = 0; s < demandCores.length; s++) {
    const from = indexAt(input.firstReplica, s);
    const to = indexAt(input.firstReplica, s + 1);
    let sum = 0;
    for (let j = from; j < to; j++) sum += at(settled, j);
    const rate = at(demandCores, s) / at(meanCost, s);
    for (let j = from; j < to; j++) {
      const share = sum > 0 ? at(settled, j) / sum : 1 / (to - from);
      const n = indexAt(input.node, j);
      shares[j] = share;
      add(loads, n, rate * share * at(input.cost, j));
    }
  }
}
