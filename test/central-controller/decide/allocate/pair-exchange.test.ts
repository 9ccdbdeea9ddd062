import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PairExchange } from '../../../../central-controller/decide/allocate/pair-exchange.ts';
import { splitEqually, type SplitProblem } from '../../../../central-controller/decide/allocate/split-problem.ts';
import { splitProblems, splitResidual } from './split-problems.ts';

function improveEqualSplit(problem: SplitProblem): { readonly before: number; readonly after: number } {
  const requests = new Float64Array(problem.node.length);
  splitEqually(problem, requests);
  const before = splitResidual(problem, requests);
  new PairExchange(problem.capacity.length, problem.demand.length, problem.node.length).solve(problem, requests);
  return { before, after: splitResidual(problem, requests) };
}

describe('PairExchange', () => {
  it('solves a single service from the equal split', () => {
    fc.assert(
      fc.property(splitProblems, (problem) => {
        fc.pre(problem.demand.length === 1);
        expect(improveEqualSplit(problem).after).toBeLessThan(1e-6);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the demand of each service and leaves no rate below its floor', () => {
    fc.assert(
      fc.property(splitProblems, (problem) => {
        const requests = new Float64Array(problem.node.length);
        splitEqually(problem, requests);
        new PairExchange(problem.capacity.length, problem.demand.length, problem.node.length).solve(problem, requests);
        problem.demand.forEach((demand, s) => {
          const own = requests.subarray(problem.start[s], problem.start[s + 1]);
          const floor = (problem.floor * demand) / own.length;
          expect(own.reduce((sum, rate) => sum + rate, 0) / demand).toBeCloseTo(1, 12);
          expect(Math.min(...own)).toBeGreaterThanOrEqual(floor * (1 - 1e-12));
        });
      }),
    );
  });
});
