/**
 * Solves the split by Newton's method on its dual. Given a price per node, the services no longer meet and each one's
 * best split is found by itself (`service-response.ts`); what remains is to find the prices at which the loads that
 * the services choose are the loads that make those prices: as many unknowns as nodes, however many replicas there
 * are. The dual is concave, its Newton system is solved by conjugate gradients without ever being written down, and a
 * step is taken only as far as the dual rises (semismooth Newton with Armijo's rule: Qi and Sun 1993).
 */
import { type CurvePoint, evaluateCurve } from './delay-curve.ts';
import { createResponse, respond, type Response } from './service-response.ts';
import { loadsOf, type SplitProblem, violation } from './split-problem.ts';

export interface Split {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Cores, per node. */
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
  /** What the services choose at these prices. */
  readonly response: Response;
  /** Loads that the services choose, less the loads that made the prices: the dual's gradient. */
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
    let length = 2;
    do {
      length /= 2;
      next.loads.forEach((_, node) => {
        const step = (priceStep[node] ?? 0) / (trial.slope[node] ?? 1);
        next.loads[node] = Math.max(0, (trial.loads[node] ?? 0) + length * step);
      });
      evaluate(problem, next);
    } while (!isProgress(trial, next, priceStep, length) && length > 1e-9);
    if (length <= 1e-9 || hasStalled(trial, next)) break;
    [trial, next] = [next, trial];
  }
  const { requests } = trial.response;
  return { requests, loads: loadsOf(problem, requests), certificate: violation(problem, requests), iterations };
}

/** Close to the solution, where rounding decides whether the next step is any better. */
function hasStalled(trial: Trial, next: Trial): boolean {
  return trial.disagreement < 100 * TOLERANCE && next.disagreement > 0.5 * trial.disagreement;
}

/**
 * Armijo's rule; but where the rise to expect drowns in the rounding of the dual itself, what counts is that its slope
 * along the step has not turned, by much, to a fall.
 */
function isProgress(trial: Trial, next: Trial, priceStep: Float64Array, length: number): boolean {
  const slope = slopeAlong(trial, trial, priceStep);
  const expected = 1e-4 * length * slope;
  const rounding = 1e-11 * (Math.abs(trial.dual) + Math.abs(next.dual));
  if (expected > rounding) return next.dual >= trial.dual + expected;
  return next.dual >= trial.dual - rounding && slopeAlong(trial, next, priceStep) >= -0.5 * slope;
}

/** Derivative of the dual at `next` along the step from `trial`, which is straight in the loads. */
function slopeAlong(trial: Trial, next: Trial, priceStep: Float64Array): number {
  let sum = 0;
  priceStep.forEach((step, node) => {
    sum += ((step * (next.slope[node] ?? 0)) / (trial.slope[node] ?? 1)) * (next.residual[node] ?? 0);
  });
  return sum;
}

function createTrial(problem: SplitProblem): Trial {
  const nodes = problem.capacity.length;
  return {
    loads: new Float64Array(nodes),
    price: new Float64Array(nodes),
    slope: new Float64Array(nodes),
    response: createResponse(problem),
    residual: new Float64Array(nodes),
    disagreement: 0,
    dual: 0,
  };
}

/** Fills in all that follows from `trial.loads`. */
function evaluate(problem: SplitProblem, trial: Trial): void {
  const { price, slope, residual } = trial;
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  trial.dual = 0;
  trial.loads.forEach((load, node) => {
    evaluateCurve(problem.curve, problem.capacity[node] ?? 1, load, false, point);
    price[node] = point.price;
    slope[node] = point.slope;
    residual[node] = (problem.background[node] ?? 0) - load;
    trial.dual += point.value + point.price * ((problem.background[node] ?? 0) - load);
  });
  for (let service = 0; service < problem.demand.length; service++) {
    trial.dual += respond(problem, service, price, trial.response);
  }
  trial.response.requests.forEach((rate, replica) => {
    const node = problem.node[replica] ?? 0;
    residual[node] = (residual[node] ?? 0) + rate * (problem.cost[replica] ?? 0);
  });
  trial.disagreement = 0;
  residual.forEach((value, node) => {
    trial.disagreement = Math.max(trial.disagreement, Math.abs(value) / (problem.capacity[node] ?? 1));
  });
}

/** Solves (1/slope + M) step = residual by conjugate gradients, M from `priceResponse`. */
function newtonStep(problem: SplitProblem, trial: Trial): Float64Array {
  const size = trial.residual.length;
  const diagonal = trial.slope.map((slope) => 1 / slope);
  trial.response.flexibility.forEach((flexibility, j) => {
    const node = problem.node[j] ?? 0;
    diagonal[node] = (diagonal[node] ?? 0) + flexibility * (problem.cost[j] ?? 0) ** 2;
  });
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
  const { flexibility } = trial.response;
  for (let node = 0; node < image.length; node++) image[node] = (change[node] ?? 0) / (trial.slope[node] ?? 1);
  for (let service = 0; service < problem.demand.length; service++) {
    const from = problem.start[service] ?? 0;
    const to = problem.start[service + 1] ?? 0;
    let total = 0;
    let mean = 0;
    for (let j = from; j < to; j++) {
      total += flexibility[j] ?? 0;
      mean += (flexibility[j] ?? 0) * (problem.cost[j] ?? 0) * (change[problem.node[j] ?? 0] ?? 0);
    }
    if (total === 0) continue;
    mean /= total;
    for (let j = from; j < to; j++) {
      const node = problem.node[j] ?? 0;
      const cost = problem.cost[j] ?? 0;
      const fewer = (flexibility[j] ?? 0) * (cost * (change[node] ?? 0) - mean);
      image[node] = (image[node] ?? 0) + cost * fewer;
    }
  }
}
