/**
 * Allocates in two phases: how many cores of each service's demand are served, and how its requests are split over its
 * replicas.
 *
 * Services may have different objectives, and each mix has one answer. The delay split is made for all services, as if
 * all had the objective `delay`, and the services that have it keep that split. Then those with the objective `level`
 * are placed on top, so that the busiest node is as little used as possible, then the second busiest, and so on: the
 * smallest sum of squares attains this lexicographic min-max (Fujishige 1980). So `level` holds for the nodes as they
 * end up, and `delay` is exactly optimal when all services have it.
 */
import { add, at, indexAt } from './column.ts';
import { type AllocationInput, fits } from './allocation-input.ts';
import { FairDemand } from './fair-demand.ts';
import { createFairProblem, type FairProblem } from './fair-problem.ts';
import { Hardware } from './hardware.ts';
import { type Demands, fillSplit, MIN_DEMAND_CORES } from './split-filling.ts';
import { createSplitProblem, type SplitProblem } from './split-problem.ts';
import { SplitSolver } from './split-solver.ts';

/** The columns belong to the allocator, which overwrites them with its next result. */
export interface Allocation {
  /** What each service's requests would use, per service. */
  readonly demandCores: Float64Array;
  /** What each service gets before others rise above theirs, per service. */
  readonly fairShareCores: Float64Array;
  /** What the nodes can carry of each service's demand, per service. */
  readonly servedCores: Float64Array;
  /** Fractions of the service's requests, per replica; those of one service sum to 1. */
  readonly shares: Float64Array;
  /** Cores per node: its background and the whole demand with these shares. */
  readonly loads: Float64Array;
  /** Largest relative violation of the optimality conditions of both phases. */
  optimalityGap: number;
}

/**
 * Allocates tick by tick, each time from the last solution: that is faster and changes no result beyond its optimality
 * gap. It allocates memory only when the number of nodes, services or replicas changes.
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
  /** The input that the memory was made for. Only its lengths matter. */
  readonly input: AllocationInput;
  readonly fairProblem: FairProblem;
  readonly fair: FairDemand;
  readonly problem: SplitProblem;
  readonly delay: SplitSolver;
  readonly level: SplitSolver;
  readonly hardware: Hardware;
  /** Shares that the next split leaves as they are; NaN where it finds them; per replica. */
  readonly fixed: Float64Array;
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
    optimalityGap: 0,
  };
  return {
    input,
    fairProblem: createFairProblem(nodes, services, replicas),
    fair,
    problem: createSplitProblem(nodes, services, replicas),
    delay: new SplitSolver(nodes, services, replicas),
    level: new SplitSolver(nodes, services, replicas),
    hardware: new Hardware(nodes, replicas),
    fixed: new Float64Array(replicas),
    weightOnNode: new Float64Array(nodes),
    meanCost: new Float64Array(services),
    served: fair.served,
    result,
  };
}

function allocateInto(input: AllocationInput, memory: Memory): Allocation {
  const { result, fair, fairProblem, fixed, problem } = memory;
  fillFairProblem(input, memory);
  fair.solve(fairProblem);
  result.optimalityGap = fair.violation;
  fixed.set(input.fixed);
  const levels = input.level.reduce((sum, level) => sum + level, 0);
  if (levels < input.level.length) {
    problem.weight.fill(1);
    fillSplit(input, memory, 'delay', fixed, problem);
    memory.delay.solve(problem);
    result.optimalityGap = Math.max(result.optimalityGap, memory.delay.residual);
    fixShares(input, memory, memory.delay.requests, false);
  }
  if (levels > 0) {
    memory.hardware.fit(input);
    problem.weight.set(memory.hardware.speed);
    fillSplit(input, memory, 'level', fixed, problem);
    memory.level.solve(problem);
    result.optimalityGap = Math.max(result.optimalityGap, memory.level.residual);
    fixShares(input, memory, memory.level.requests, true);
  }
  fillResult(input, memory);
  return result;
}

/** Fills in demands, and as guarantees the fraction of each node that a service's weight entitles its replicas to. */
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
    demand[s] = Math.max(at(input.requestsPerSecond, s) * at(meanCost, s), MIN_DEMAND_CORES);
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

/** Fixes the shares that a split has found for the services with its objective. */
function fixShares(input: AllocationInput, memory: Memory, requests: Float64Array, level: boolean): void {
  const { fixed, problem } = memory;
  let index = 0;
  for (let s = 0; s < problem.demand.length; s++) {
    const hasObjective = (input.level[s] === 1) === level;
    const rate = at(memory.served, s);
    for (let j = indexAt(input.firstReplica, s); j < indexAt(input.firstReplica, s + 1); j++) {
      if (!Number.isNaN(fixed[j])) continue;
      if (hasObjective) fixed[j] = (at(requests, index) * at(memory.meanCost, s)) / Math.max(rate, MIN_DEMAND_CORES);
      index += 1;
    }
  }
}

/** Normalises the shares of each service to the sum 1, and adds up the loads of the whole demand. */
function fillResult(input: AllocationInput, memory: Memory): void {
  const { fixed, result, meanCost } = memory;
  const { shares, loads, demandCores } = result;
  loads.set(input.backgroundCores);
  for (let s = 0; s < demandCores.length; s++) {
    const from = indexAt(input.firstReplica, s);
    const to = indexAt(input.firstReplica, s + 1);
    let sum = 0;
    for (let j = from; j < to; j++) sum += at(fixed, j);
    const rate = at(demandCores, s) / at(meanCost, s);
    for (let j = from; j < to; j++) {
      const share = sum > 0 ? at(fixed, j) / sum : 1 / (to - from);
      const n = indexAt(input.node, j);
      shares[j] = share;
      add(loads, n, rate * share * at(input.cost, j));
    }
  }
}
