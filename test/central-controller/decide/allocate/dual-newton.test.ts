import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DualNewton } from '../../../../central-controller/decide/allocate/dual-newton.ts';
import { InteriorPoint } from '../../../../central-controller/decide/allocate/interior-point.ts';
import { createNewtonSystem } from '../../../../central-controller/decide/allocate/newton-system.ts';
import { NodePrices } from '../../../../central-controller/decide/allocate/node-prices.ts';
import { splitProblems, splitResidual } from './split-problems.ts';

it('solves to rounding what the interior-point method solves roughly', () => {
  fc.assert(
    fc.property(splitProblems, (problem) => {
      const nodes = problem.capacity.length;
      const services = problem.demand.length;
      const replicas = problem.node.length;
      const prices = new NodePrices(nodes);
      const system = createNewtonSystem(nodes, services, replicas);
      const interior = new InteriorPoint(services, replicas, prices, system);
      const dual = new DualNewton(replicas, prices, system);
      interior.solve(problem, false, 1e-8);
      dual.solve(problem, interior.requests);
      expect(splitResidual(problem, dual.requests)).toBeLessThan(1e-9);
    }),
    { numRuns: 300 },
  );
});
