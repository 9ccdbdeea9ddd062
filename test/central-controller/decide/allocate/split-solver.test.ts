import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CurvePoint } from '../../../../central-controller/decide/allocate/delay-curve.ts';
import {
  createSplitProblem,
  evaluateLimit,
  evaluateNode,
  loadsOf,
  type SplitProblem,
} from '../../../../central-controller/decide/allocate/split-problem.ts';
import { SplitSolver } from '../../../../central-controller/decide/allocate/split-solver.ts';
import { type LinearProgram, solveLinear } from './linear-program.ts';
import { splitProblems, splitResidual } from './split-problems.ts';

interface Split {
  readonly requests: Float64Array;
  readonly loads: Float64Array;
  readonly residual: number;
}

function solveSplit(problem: SplitProblem): Split {
  const solver = new SplitSolver(problem.capacity.length, problem.demand.length, problem.node.length);
  solver.solve(problem);
  const loads = new Float64Array(problem.capacity.length);
  loadsOf(problem, solver.requests, loads);
  return { requests: solver.requests, loads, residual: solver.residual };
}

/** The service of the replica, and its equal share in requests per second. */
function serviceOf(problem: SplitProblem, replica: number): { service: number; equal: number } {
  const service = problem.start.findIndex((_, s) => replica < (problem.start[s + 1] ?? Infinity));
  const replicas = (problem.start[service + 1] ?? 0) - (problem.start[service] ?? 0);
  return { service, equal: (problem.demand[service] ?? 0) / replicas };
}

/** Sets `point` to the replica's own terms of the cost, with the derivative by its requests per second. */
function ownCost(problem: SplitProblem, replica: number, rate: number, point: CurvePoint): void {
  const { service, equal } = serviceOf(problem, replica);
  const regularisation = problem.regularisation[service] ?? 1;
  const nonCpuSeconds = problem.nonCpuSeconds[replica] ?? 0;
  point.value = 0;
  point.price = 0;
  if (problem.limit[replica] !== Infinity) evaluateLimit(problem, replica, rate, point);
  point.value += nonCpuSeconds * rate + (regularisation / 2) * (rate - equal) ** 2;
  point.price += nonCpuSeconds + regularisation * (rate - equal);
}

/** The cost that the split minimises. */
function totalCost(problem: SplitProblem, requests: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  const loads = new Float64Array(problem.capacity.length);
  loadsOf(problem, requests, loads);
  let total = 0;
  loads.forEach((load, node) => {
    evaluateNode(problem, node, load, point);
    total += point.value;
  });
  requests.forEach((rate, replica) => {
    ownCost(problem, replica, rate, point);
    total += point.value;
  });
  return total;
}

/**
 * A lower bound of the optimum: the linear program in which the highest of some tangents replaces each convex term.
 * Tangents near the optimum make it close.
 */
function lowerBound(problem: SplitProblem, near: Float64Array, loads: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  const rows: LinearProgram['rows'][number][] = [];
  const minimise: Record<string, number> = {};
  const bounds: Record<string, readonly [number, number]> = {};
  const steps = [0, ...[1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.6].flatMap((step) => [step, -step])];
  problem.capacity.forEach((capacity, node) => {
    minimise[`n${node}`] = 1;
    bounds[`n${node}`] = [-1e9, 1e9];
    const terms: Record<string, number> = { [`l${node}`]: 1 };
    problem.cost.forEach((cost, j) => {
      if (problem.node[j] === node) terms[`x${j}`] = -cost;
    });
    rows.push({ terms, relation: '=', value: problem.background[node] ?? 0 });
    for (const step of steps) {
      const load = Math.max(0, (loads[node] ?? 0) + step * capacity);
      evaluateNode(problem, node, load, point);
      const value = point.value - point.price * load;
      rows.push({ terms: { [`n${node}`]: 1, [`l${node}`]: -point.price }, relation: '>=', value });
    }
  });
  problem.demand.forEach((demand, service) => {
    const terms: Record<string, number> = {};
    for (let j = problem.start[service] ?? 0; j < (problem.start[service + 1] ?? 0); j++) {
      terms[`x${j}`] = 1;
      minimise[`r${j}`] = 1;
      bounds[`r${j}`] = [-1e9, 1e9];
      bounds[`x${j}`] = [problem.floor * serviceOf(problem, j).equal, demand];
      for (const step of steps) {
        const rate = Math.max(0, (near[j] ?? 0) + step * demand);
        ownCost(problem, j, rate, point);
        const value = point.value - point.price * rate;
        rows.push({ terms: { [`r${j}`]: 1, [`x${j}`]: -point.price }, relation: '>=', value });
      }
    }
    rows.push({ terms, relation: '=', value: demand });
  });
  return solveLinear({ minimise, rows, bounds }).value;
}

describe('SplitSolver', () => {
  it('is close to the lower bound that HiGHS finds with tangents', () => {
    fc.assert(
      fc.property(splitProblems, (problem) => {
        const { requests, loads, residual } = solveSplit(problem);
        const cost = totalCost(problem, requests);
        const bound = lowerBound(problem, requests, loads);
        expect(residual).toBeLessThan(1e-6);
        expect(bound).toBeLessThanOrEqual(cost * (1 + 1e-6) + 1e-6);
        expect(bound).toBeGreaterThan(cost * (1 - 1e-3));
      }),
      { numRuns: 60 },
    );
  });

  it('costs no more than any other split', () => {
    fc.assert(
      fc.property(
        splitProblems,
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 12 }),
        (problem, by) => {
          const { requests } = solveSplit(problem);
          const other = Float64Array.from(requests);
          problem.demand.forEach((demand, service) => {
            const own = [...requests.keys()].slice(problem.start[service], problem.start[service + 1]);
            const sum = own.reduce((total, j) => total + (by[j] ?? 1), 0);
            for (const j of own) other[j] = 0.5 * (requests[j] ?? 0) + (0.5 * demand * (by[j] ?? 1)) / sum;
          });
          expect(totalCost(problem, requests)).toBeLessThanOrEqual(totalCost(problem, other) * (1 + 1e-9));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reports a larger KKT residual for a split that is not optimal', () => {
    fc.assert(
      fc.property(splitProblems, (problem) => {
        const { requests, residual } = solveSplit(problem);
        const [first = 0, second = 0] = requests;
        const moved = 0.3 * Math.min(first - problem.floor * serviceOf(problem, 0).equal, second);
        fc.pre((problem.start[1] ?? 0) > 1 && moved > 0.01 * first);
        const worse = Float64Array.from(requests);
        worse[0] = first - moved;
        worse[1] = second + moved;
        expect(splitResidual(problem, worse)).toBeGreaterThan(10 * Math.max(residual, 1e-8));
      }),
    );
  });

  // Prices of the nodes differ by so much that they do not determine the rates: the dual method ends with 0.26.
  it('solves a problem whose node prices differ by many orders of magnitude', () => {
    const problem = createSplitProblem(4, 2, 4);
    problem.capacity.set([0.01, 1e6, 1, 1e6]);
    problem.background.set([0.00500835, 550000.0505, 0.50000835, 499999.9999999891]);
    problem.demand.set([0.000050100000000000005, 0.45000045450000004]);
    problem.regularisation.set([252861.0935717755, 5876.696596722476]);
    problem.start.set([0, 2, 4]);
    problem.node.set([2, 3, 0, 2]);
    problem.cost.set([1, 100, 1e6, 1e6]);
    problem.limit.set([1, 0.001, 1e6, 1]);
    const { requests, residual } = solveSplit(problem);
    expect(residual).toBeLessThan(1e-6);
    expect(splitResidual(problem, requests)).toBe(residual);
  });
});
