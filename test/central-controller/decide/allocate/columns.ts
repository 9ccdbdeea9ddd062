/** Converts problems written as objects to the columns of the allocator, and its results back to objects. */
import { Allocator } from '../../../../central-controller/decide/allocate/allocate.ts';
import { type AllocationInput, createInput } from '../../../../central-controller/decide/allocate/allocation-input.ts';
import { FairDemand } from '../../../../central-controller/decide/allocate/fair-demand.ts';
import { createFairProblem, type FairProblem } from '../../../../central-controller/decide/allocate/fair-problem.ts';

export interface NodeFacts {
  readonly capacityCores: number;
  readonly backgroundCores: number;
}

export interface ReplicaFacts {
  readonly node: number;
  readonly cost: number;
  readonly nonCpuSeconds: number;
  readonly limitCores?: number | undefined;
  readonly fixed?: number | undefined;
}

export interface ServiceFacts {
  readonly requestsPerSecond: number;
  readonly shareWeight: number;
  readonly regularisation: number;
  readonly level?: boolean;
  readonly replicas: readonly ReplicaFacts[];
}

export interface Facts {
  readonly floor: number;
  readonly nodes: readonly NodeFacts[];
  readonly services: readonly ServiceFacts[];
}

export interface Answer {
  readonly loads: readonly number[];
  readonly optimalityGap: number;
  readonly services: readonly {
    readonly demandCores: number;
    readonly fairShareCores: number;
    readonly servedCores: number;
    readonly shares: readonly number[];
  }[];
}

export function inputOf({ floor, nodes, services }: Facts): AllocationInput {
  const all = services.flatMap((service) => service.replicas);
  const input = createInput(nodes.length, services.length, all.length);
  input.floor = floor;
  input.capacityCores.set(nodes.map((node) => node.capacityCores));
  input.backgroundCores.set(nodes.map((node) => node.backgroundCores));
  input.requestsPerSecond.set(services.map((service) => service.requestsPerSecond));
  input.shareWeight.set(services.map((service) => service.shareWeight));
  input.regularisation.set(services.map((service) => service.regularisation));
  input.level.set(services.map((service) => (service.level ? 1 : 0)));
  let at = 0;
  services.forEach((service, index) => {
    at += service.replicas.length;
    input.firstReplica[index + 1] = at;
  });
  input.node.set(all.map((replica) => replica.node));
  input.cost.set(all.map((replica) => replica.cost));
  input.nonCpuSeconds.set(all.map((replica) => replica.nonCpuSeconds));
  input.limitCores.set(all.map((replica) => replica.limitCores ?? Infinity));
  input.fixed.set(all.map((replica) => replica.fixed ?? NaN));
  return input;
}

/** @param allocator starts from the last problem it solved; by default a new one */
export function allocate(facts: Facts, allocator = new Allocator()): Answer {
  const input = inputOf(facts);
  const { loads, optimalityGap, ...columns } = allocator.allocate(input);
  return {
    loads: [...loads],
    optimalityGap,
    services: facts.services.map((_, index) => ({
      demandCores: columns.demandCores[index] ?? 0,
      fairShareCores: columns.fairShareCores[index] ?? 0,
      servedCores: columns.servedCores[index] ?? 0,
      shares: [...columns.shares.subarray(input.firstReplica[index], input.firstReplica[index + 1])],
    })),
  };
}

export interface FairFacts {
  readonly demand: readonly number[];
  readonly guarantee: readonly number[];
  readonly weight: readonly number[];
  readonly capacity: readonly number[];
  /** Sorted by service. */
  readonly replicas: readonly { readonly service: number; readonly node: number; readonly limit: number }[];
}

export function fairProblemOf(facts: FairFacts): FairProblem {
  const services = facts.demand.length;
  const problem = createFairProblem(facts.capacity.length, services, facts.replicas.length);
  for (let s = 0; s < services; s++) {
    const own = facts.replicas.filter(({ service }) => service === s).length;
    problem.firstReplica[s + 1] = (problem.firstReplica[s] ?? 0) + own;
  }
  problem.demand.set(facts.demand);
  problem.guarantee.set(facts.guarantee);
  problem.weight.set(facts.weight);
  problem.capacity.set(facts.capacity);
  problem.node.set(facts.replicas.map(({ node }) => node));
  problem.limit.set(facts.replicas.map(({ limit }) => limit));
  return problem;
}

export function createFair(facts: FairFacts): FairDemand {
  return new FairDemand(facts.capacity.length, facts.demand.length, facts.replicas.length);
}

export function fairDemand(facts: FairFacts, fair = createFair(facts)): { served: number[]; violation: number } {
  fair.solve(fairProblemOf(facts));
  return { served: [...fair.served], violation: fair.violation };
}
