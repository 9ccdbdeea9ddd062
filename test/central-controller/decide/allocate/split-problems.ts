/** Small random splits, whose optima have replicas at their floors, near their limits and between. */
import fc from 'fast-check';
import { evaluateCurve } from '../../../../central-controller/decide/allocate/delay-curve.ts';
import {
  createSplitProblem,
  type SplitProblem,
  kktResidual,
} from '../../../../central-controller/decide/allocate/split-problem.ts';

export const splitProblems: fc.Arbitrary<SplitProblem> = fc
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
                nonCpuSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
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
        const problem = createSplitProblem(capacities.length, services.length, all.length);
        problem.curve = curve;
        problem.floor = 0.002;
        problem.capacity.set(capacities.map(([capacity]) => capacity / 10));
        problem.background.set(capacities.map(([capacity, tenths]) => (capacity / 10) * (tenths / 10)));
        problem.demand.set(rates);
        problem.regularisation.set(rates.map((rate) => (0.05 * point.price * 0.01 * replicas) / rate));
        problem.start.set([...services.keys(), services.length].map((service) => service * replicas));
        problem.node.set(all.map(({ node }) => node));
        problem.limit.set(all.map(({ limit }) => limit / 10));
        problem.cost.set(all.map(({ cost }) => cost / 1000));
        problem.nonCpuSeconds.set(all.map(({ nonCpuSeconds }) => nonCpuSeconds / 1000));
        return problem;
      }),
  );

/** Largest relative violation of the conditions of optimality by this split. */
export function splitResidual(problem: SplitProblem, requests: Float64Array): number {
  const nodes = problem.capacity.length;
  const point = { value: 0, price: 0, slope: 0 };
  return kktResidual(problem, requests, new Float64Array(nodes), new Float64Array(nodes), point);
}
