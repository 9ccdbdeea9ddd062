import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CurvePoint, evaluateCurve } from '../../../../central-controller/decide/allocate/delay-curve.ts';
import {
  evaluateReplica,
  type SplitProblem,
  totalCost,
  violation,
} from '../../../../central-controller/decide/allocate/split-problem.ts';
import { solveSplit } from '../../../../central-controller/decide/allocate/split-solver.ts';
import { type LinearProgram, solveLinear } from './linear-program.ts';

const problems: fc.Arbitrary<SplitProblem> = fc
  .record({ nodes: fc.integer({ min: 1, max: 4 }), replicas: fc.integer({ min: 1, max: 4 }) })
  .chain(({ nodes, replicas }) =>
    fc
      .record({
        curve: fc.constantFrom('delay' as const, 'level' as const),
        nodes: fc.array(fc.tuple(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 0, max: 5 })), {
          minLength: nodes,
          maxLength: nodes,
        }),
        services: fc.array(
          fc.record({
            utilisation: fc.integer({ min: 1, max: 8 }),
            replicas: fc.array(
              fc.record({
                node: fc.nat(nodes - 1),
                cost: fc.integer({ min: 8, max: 12 }),
                hidden: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
                limit: fc.oneof(fc.constant(Infinity), fc.integer({ min: 2, max: 20 })),
              }),
              { minLength: replicas, maxLength: replicas },
            ),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      })
      .map(({ curve, nodes: capacities, services }) => {
        const all = services.flatMap((service) => service.replicas);
        const cores = capacities.reduce((sum, [capacity]) => sum + capacity / 10, 0);
        const point = { value: 0, price: 0, slope: 0 };
        evaluateCurve(curve, 1, 0.7, false, point);
        const rates = services.map(({ utilisation }) => ((utilisation / 16) * cores) / services.length / 0.01);
        const each = (value: (rate: number) => number): Float64Array =>
          Float64Array.from(all, (_, index) => value(rates[Math.floor(index / replicas)] ?? 0));
        return {
          curve,
          capacity: Float64Array.from(capacities, ([capacity]) => capacity / 10),
          background: Float64Array.from(capacities, ([capacity, tenths]) => (capacity / 10) * (tenths / 10)),
          demand: Float64Array.from(rates),
          start: Int32Array.from([...services.keys(), services.length], (service) => service * replicas),
          node: Int32Array.from(all, ({ node }) => node),
          limit: Float64Array.from(all, ({ limit }) => limit / 10),
          cost: Float64Array.from(all, ({ cost }) => cost / 1000),
          hidden: Float64Array.from(all, ({ hidden }) => hidden / 1000),
          floor: each((rate) => (0.002 * rate) / replicas),
          anchor: each((rate) => rate / replicas),
          pull: each((rate) => (0.05 * point.price * 0.01 * replicas) / rate),
        };
      }),
  );

/**
 * The same problem with each convex term replaced by the highest of many of its tangents, as a linear program: a lower
 * bound of the optimum, the closer the more tangents there are near it.
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
      evaluateCurve(problem.curve, capacity, load, false, point);
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
      bounds[`x${j}`] = [problem.floor[j] ?? 0, demand];
      for (const step of steps) {
        const rate = Math.max(0, (near[j] ?? 0) + step * demand);
        evaluateReplica(problem, j, rate, point);
        const value = point.value - point.price * rate;
        rows.push({ terms: { [`r${j}`]: 1, [`x${j}`]: -point.price }, relation: '>=', value });
      }
    }
    rows.push({ terms, relation: '=', value: demand });
  });
  return solveLinear({ minimise, rows, bounds }).value;
}

describe('solveSplit', () => {
  it('finds what HiGHS finds for the piecewise linear problem', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { requests, loads, certificate } = solveSplit(problem, problem.anchor);
        const cost = totalCost(problem, requests);
        const bound = lowerBound(problem, requests, loads);
        expect(certificate).toBeLessThan(1e-5);
        expect(bound).toBeLessThanOrEqual(cost * (1 + 1e-6) + 1e-6);
        expect(bound).toBeGreaterThan(cost * (1 - 1e-3));
      }),
      { numRuns: 60 },
    );
  });

  it('beats any other split', () => {
    fc.assert(
      fc.property(
        problems,
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 12 }),
        (problem, by) => {
          const { requests } = solveSplit(problem, problem.anchor);
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

  it('has a certificate that knows a split which is not optimal', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { requests, certificate } = solveSplit(problem, problem.anchor);
        const [first = 0, second = 0] = requests;
        const moved = 0.3 * Math.min(first - (problem.floor[0] ?? 0), second);
        fc.pre((problem.start[1] ?? 0) > 1 && moved > 0.01 * first);
        const worse = Float64Array.from(requests);
        worse[0] = first - moved;
        worse[1] = second + moved;
        expect(violation(problem, worse)).toBeGreaterThan(10 * Math.max(certificate, 1e-8));
      }),
    );
  });
});
