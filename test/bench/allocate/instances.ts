/** Random fleets to allocate, as an estimator would describe them, and their changes between two ticks. */
import type { AllocationInput } from '../../../central-controller/decide/allocate/allocation-input.ts';
import { createInput } from '../../../central-controller/decide/allocate/allocation-input.ts';

export interface FleetSize {
  readonly nodes: number;
  readonly services: number;
  readonly replicas: number;
}

/** Fraction of the capacity that neighbours leave. */
const UTILISATION = 0.65;
/** Fractions of the replicas with a CPU limit, and with a non-CPU latency above that of the others. */
const LIMITED = 0.3;
const SLOW = 0.02;
/**
 * Relative standard deviations of the changes from one tick to the next. In the simulator's fleets with three services,
 * a noisy neighbour and two slow replicas, demand changes by 0.7 to 1.2 % and costs by 0.1 to 0.2 %.
 */
const DEMAND_NOISE = 0.015;
const COST_NOISE = 0.003;
const BACKGROUND_NOISE = 0.03;

/** Uniform numbers between 0 and 1 from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Services of very different size on nodes of 4 to 32 cores, every fifth with a neighbour that takes up to 70 % of it.
 *
 * @param overload offered demand as a multiple of what makes the fleet 65 % used
 */
export function fleet(size: FleetSize, seed: number, overload = 1): AllocationInput {
  const uniform = seeded(seed);
  const input = createInput(size.nodes, size.services, size.replicas);
  input.floor = 0.002;
  const speeds = Array.from({ length: size.nodes }, () => 0.8 + 0.6 * uniform());
  for (let n = 0; n < size.nodes; n++) {
    const cores = [4, 8, 16, 32][Math.floor(4 * uniform())] ?? 4;
    input.capacityCores[n] = cores;
    input.backgroundCores[n] = cores * (uniform() < 0.2 ? 0.3 + 0.4 * uniform() : 0.1 * uniform());
  }
  const perService = size.replicas / size.services;
  let free = 0;
  for (let n = 0; n < size.nodes; n++) free += (input.capacityCores[n] ?? 0) - (input.backgroundCores[n] ?? 0);
  for (let s = 0; s <= size.services; s++) input.firstReplica[s] = Math.round(s * perService);
  const wanted = Float64Array.from({ length: size.services }, () => Math.exp(normal(uniform)));
  const together = wanted.reduce((sum, cores) => sum + cores, 0);
  for (let s = 0; s < size.services; s++) {
    const from = input.firstReplica[s] ?? 0;
    const to = input.firstReplica[s + 1] ?? 0;
    const demand = (overload * UTILISATION * free * (wanted[s] ?? 0)) / together;
    const cost = 0.0005 * Math.exp(normal(uniform));
    input.requestsPerSecond[s] = demand / cost;
    input.shareWeight[s] = 1 + Math.floor(3 * uniform());
    input.regularisation[s] = 0.05 + 0.05 * uniform();
    for (let j = from; j < to; j++) {
      const node = Math.floor(uniform() * size.nodes);
      const cores = input.capacityCores[node] ?? 4;
      input.node[j] = node;
      input.cost[j] = cost * (speeds[node] ?? 1) * (1 + 0.05 * normal(uniform));
      input.nonCpuSeconds[j] = uniform() < SLOW ? 10 * cost * uniform() : 0;
      input.limitCores[j] = uniform() < LIMITED ? Math.min(cores, (4 * demand) / (to - from)) : Infinity;
      input.fixed[j] = NaN;
    }
  }
  return input;
}

/** Sets `to` to `from` with the noise of one tick. The noise does not accumulate. */
export function nextTick(from: AllocationInput, to: AllocationInput, uniform: () => number): void {
  const moved = (noise: number): number => Math.max(0.5, 1 + noise * normal(uniform));
  from.requestsPerSecond.forEach((rate, s) => (to.requestsPerSecond[s] = rate * moved(DEMAND_NOISE)));
  from.cost.forEach((cost, j) => (to.cost[j] = cost * moved(COST_NOISE)));
  from.backgroundCores.forEach((cores, n) => {
    to.backgroundCores[n] = Math.min(cores * moved(BACKGROUND_NOISE), 0.95 * (to.capacityCores[n] ?? 0));
  });
}
