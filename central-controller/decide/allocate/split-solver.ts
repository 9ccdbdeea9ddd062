/**
 * Solves the split by Newton's method on its dual. Given a price per resource, each service's best split is a
 * projection that needs no search; what remains is to find the prices at which the loads that the services choose are
 * the loads that make those prices: as many unknowns as resources, however many replicas there are. The dual is
 * concave, its Newton system is solved by conjugate gradients without ever being written down, and a step is taken
 * only as far as the dual rises (semismooth Newton with Armijo's rule: Qi and Sun 1993).
 */
import type { CurvePoint } from './delay-curve.ts';
import { evaluateResource, loadsOf, type SplitProblem, violation } from './split-problem.ts';

export interface Split {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Cores, per resource. */
  readonly loads: Float64Array;
  /** Largest relative violation of the optimality conditions. */
  readonly certificate: number;
  readonly iterations: number;
}

const MOST_ITERATIONS = 200;

/** Loads that agree with the prices to this part of the capacity are the solution. */
const TOLERANCE = 1e-11;

/** A guess at the loads, and what follows from it. */
interface Trial {
  loads: Float64Array;
  readonly price: Float64Array;
  readonly slope: Float64Array;
  readonly requests: Float64Array;
  /** 1 where the replica is above its floor. */
  readonly free: Uint8Array;
  /** Loads that the services choose at these prices, less the loads that made them: the dual's gradient. */
  readonly residual: Float64Array;
  /** Largest residual as a part of the capacity. */
  disagreement: number;
  dual: number;
}

/**
 * @param start requests per second to start from, such as the split in force; any will do
 */
export function solveSplit(problem: SplitProblem, start: Float64Array): Split {
  let trial = createTrial(problem);
  let next = createTrial(problem);
  trial.loads = loadsOf(problem, start);
  evaluate(problem, trial);
  let iterations = 0;
  while (iterations < MOST_ITERATIONS && trial.disagreement > TOLERANCE) {
    iterations += 1;
    const priceStep = newtonStep(problem, trial);
    let rise = 0;
    priceStep.forEach((step, resource) => (rise += step * (trial.residual[resource] ?? 0)));
    let length = 1;
    do {
      next.loads.forEach((_, resource) => {
        const step = (priceStep[resource] ?? 0) / (trial.slope[resource] ?? 1);
        next.loads[resource] = Math.max(0, (trial.loads[resource] ?? 0) + length * step);
      });
      evaluate(problem, next);
      length /= 2;
    } while (!isProgress(trial, next, 2e-4 * length * rise) && length > 1e-9);
    if (length <= 1e-9) break;
    [trial, next] = [next, trial];
  }
  const requests = trial.requests;
  return { requests, loads: loadsOf(problem, requests), certificate: violation(problem, requests), iterations };
}

/** Near the end the dual's rise drowns in rounding; then what counts is that loads and prices agree better. */
function isProgress(trial: Trial, next: Trial, expected: number): boolean {
  const rounding = 1e-13 * (Math.abs(trial.dual) + Math.abs(next.dual));
  if (expected > rounding) return next.dual >= trial.dual + expected;
  return next.dual >= trial.dual - rounding && next.disagreement < trial.disagreement;
}

function createTrial(problem: SplitProblem): Trial {
  const resources = problem.capacity.length;
  const replicas = problem.cost.length;
  return {
    loads: new Float64Array(resources),
    price: new Float64Array(resources),
    slope: new Float64Array(resources),
    requests: new Float64Array(replicas),
    free: new Uint8Array(replicas),
    residual: new Float64Array(resources),
    disagreement: 0,
    dual: 0,
  };
}

/** Fills in all that follows from `trial.loads`. */
function evaluate(problem: SplitProblem, trial: Trial): void {
  const { price, slope, residual } = trial;
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  trial.dual = 0;
  trial.loads.forEach((load, resource) => {
    evaluateResource(problem, resource, load, point);
    price[resource] = point.price;
    slope[resource] = point.slope;
    residual[resource] = (problem.background[resource] ?? 0) - load;
    trial.dual += point.value + point.price * ((problem.background[resource] ?? 0) - load);
  });
  for (let service = 0; service < problem.demand.length; service++) {
    trial.dual += respond(problem, service, trial);
  }
  trial.requests.forEach((rate, replica) => {
    const cores = rate * (problem.cost[replica] ?? 0);
    const node = problem.node[replica] ?? 0;
    const limit = problem.limit[replica] ?? -1;
    residual[node] = (residual[node] ?? 0) + cores;
    if (limit >= 0) residual[limit] = (residual[limit] ?? 0) + cores;
  });
  trial.disagreement = 0;
  residual.forEach((value, resource) => {
    trial.disagreement = Math.max(trial.disagreement, Math.abs(value) / (problem.capacity[resource] ?? 1));
  });
}

/**
 * The service's best split at the prices, into `trial.requests`: `x_j = anchor_j + (mu - base_j) / pull_j`, those that
 * fall below their floor held there (Michelot 1986: each round only adds to them). Returns what it costs.
 */
function respond(problem: SplitProblem, service: number, trial: Trial): number {
  const { requests, free } = trial;
  const from = problem.start[service] ?? 0;
  const to = problem.start[service + 1] ?? 0;
  free.fill(1, from, to);
  for (let held = -1; held !== 0;) {
    let left = problem.demand[service] ?? 0;
    let inverse = 0;
    for (let j = from; j < to; j++) {
      if (free[j]) {
        const pull = problem.pull[j] ?? 1;
        left -= (problem.anchor[j] ?? 0) - baseCost(problem, trial, j) / pull;
        inverse += 1 / pull;
      } else {
        left -= problem.floor[j] ?? 0;
      }
    }
    const mu = left / inverse;
    held = 0;
    for (let j = from; j < to; j++) {
      if (!free[j]) continue;
      const rate = (problem.anchor[j] ?? 0) + (mu - baseCost(problem, trial, j)) / (problem.pull[j] ?? 1);
      const floor = problem.floor[j] ?? 0;
      if (rate < floor) {
        free[j] = 0;
        held += 1;
      }
      requests[j] = Math.max(floor, rate);
    }
  }
  let cost = 0;
  for (let j = from; j < to; j++) {
    const rate = requests[j] ?? 0;
    const away = rate - (problem.anchor[j] ?? 0);
    cost += baseCost(problem, trial, j) * rate + ((problem.pull[j] ?? 0) * away * away) / 2;
  }
  return cost;
}

/** Seconds per request at replica j at the trial's prices, without the pull. */
function baseCost(problem: SplitProblem, trial: Trial, j: number): number {
  return (problem.hidden[j] ?? 0) + (problem.cost[j] ?? 0) * pathSum(problem, trial.price, j);
}

/** Sum of a value per resource over the resources that replica j uses. */
function pathSum(problem: SplitProblem, values: Float64Array, j: number): number {
  const limit = problem.limit[j] ?? -1;
  return (values[problem.node[j] ?? 0] ?? 0) + (limit >= 0 ? (values[limit] ?? 0) : 0);
}

/** Solves (1/slope + M) step = residual by conjugate gradients, M from `priceResponse`. */
function newtonStep(problem: SplitProblem, trial: Trial): Float64Array {
  const size = trial.residual.length;
  const diagonal = trial.slope.map((slope) => 1 / slope);
  for (let j = 0; j < trial.free.length; j++) {
    if (!trial.free[j]) continue;
    const share = (problem.cost[j] ?? 0) ** 2 / (problem.pull[j] ?? 1);
    const limit = problem.limit[j] ?? -1;
    const node = problem.node[j] ?? 0;
    diagonal[node] = (diagonal[node] ?? 0) + share;
    if (limit >= 0) diagonal[limit] = (diagonal[limit] ?? 0) + share;
  }
  const step = new Float64Array(size);
  const rest = Float64Array.from(trial.residual);
  const direction = rest.map((value, r) => value / (diagonal[r] ?? 1));
  const image = new Float64Array(size);
  let energy = weightedNorm(rest, diagonal);
  const goal = energy * 1e-20;
  for (let round = 0; round < 2 * size + 20 && energy > goal && energy > 0; round++) {
    priceResponse(problem, trial, direction, image);
    let curvature = 0;
    direction.forEach((value, r) => (curvature += value * (image[r] ?? 0)));
    const length = energy / curvature;
    if (!Number.isFinite(length)) break;
    for (let r = 0; r < size; r++) {
      step[r] = (step[r] ?? 0) + length * (direction[r] ?? 0);
      rest[r] = (rest[r] ?? 0) - length * (image[r] ?? 0);
    }
    const nextEnergy = weightedNorm(rest, diagonal);
    const turn = nextEnergy / energy;
    for (let r = 0; r < size; r++) direction[r] = (rest[r] ?? 0) / (diagonal[r] ?? 1) + turn * (direction[r] ?? 0);
    energy = nextEnergy;
  }
  return step;
}

function weightedNorm(values: Float64Array, diagonal: Float64Array): number {
  let sum = 0;
  for (let r = 0; r < values.length; r++) sum += (values[r] ?? 0) ** 2 / (diagonal[r] ?? 1);
  return sum;
}

/** How the residual falls, to first order, when prices rise by `change`: into `image`. */
function priceResponse(problem: SplitProblem, trial: Trial, change: Float64Array, image: Float64Array): void {
  for (let r = 0; r < image.length; r++) image[r] = (change[r] ?? 0) / (trial.slope[r] ?? 1);
  for (let service = 0; service < problem.demand.length; service++) {
    const from = problem.start[service] ?? 0;
    const to = problem.start[service + 1] ?? 0;
    let inverse = 0;
    let mean = 0;
    for (let j = from; j < to; j++) {
      if (!trial.free[j]) continue;
      const flexibility = 1 / (problem.pull[j] ?? 1);
      inverse += flexibility;
      mean += flexibility * (problem.cost[j] ?? 0) * pathSum(problem, change, j);
    }
    if (inverse === 0) continue;
    mean /= inverse;
    for (let j = from; j < to; j++) {
      if (!trial.free[j]) continue;
      const cost = problem.cost[j] ?? 0;
      const cores = (cost * (cost * pathSum(problem, change, j) - mean)) / (problem.pull[j] ?? 1);
      const node = problem.node[j] ?? 0;
      const limit = problem.limit[j] ?? -1;
      image[node] = (image[node] ?? 0) + cores;
      if (limit >= 0) image[limit] = (image[limit] ?? 0) + cores;
    }
  }
}
