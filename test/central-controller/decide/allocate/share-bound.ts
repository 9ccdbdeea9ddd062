/**
 * How far apart two nearly optimal splits of one problem can be.
 *
 * The regularisation makes the cost strongly convex: with strength `p_s` for service s, any two splits x
 * and y satisfy `sum_s p_s |x_s - y_s|^2 <= (grad(x) - grad(y)) (x - y)`. Within one service the differences sum to 0,
 * a rate that is higher in x is above its floor there, and marginal costs of x differ by at most `gap_s(x)` seconds. So
 * the right side is at most `sum_s (gap_s(x) + gap_s(y)) / 2 * |x_s - y_s|_1`, and with the inequality of Cauchy and
 * Schwarz, k_s being the number of replicas,
 *
 *     sum_s p_s |x_s - y_s|^2 <= sum_s k_s (gap_s(x) + gap_s(y))^2 / (4 p_s)
 */
import { fillSplit } from '../../../../central-controller/decide/allocate/split-filling.ts';
import { Hardware } from '../../../../central-controller/decide/allocate/hardware.ts';
import {
  createSplitProblem,
  evaluateLimit,
  evaluateNode,
  loadsOf,
  type SplitProblem,
} from '../../../../central-controller/decide/allocate/split-problem.ts';
import { type Answer, type Facts, inputOf } from './columns.ts';
import { splitResidual } from './split-problems.ts';

/** The problem of phase 2 for facts whose services all have the same objective and no fixed shares. */
export function splitProblemOf(facts: Facts, { services }: Answer): SplitProblem {
  const input = inputOf(facts);
  const problem = createSplitProblem(facts.nodes.length, facts.services.length, input.node.length);
  const level = facts.services.some((service) => service.level === true);
  if (level) {
    const hardware = new Hardware(facts.nodes.length, input.node.length);
    hardware.fit(input);
    problem.weight.set(hardware.speed);
  }
  const weightOnNode = new Float64Array(facts.nodes.length);
  for (const node of input.node) weightOnNode[node] = 1;
  const meanCost = facts.services.map(
    ({ replicas }) => replicas.length / replicas.reduce((sum, { cost }) => sum + 1 / cost, 0),
  );
  const served = Float64Array.from(services, ({ servedCores }) => servedCores);
  const demands = { meanCost: Float64Array.from(meanCost), served, weightOnNode };
  fillSplit(input, demands, level ? 'level' : 'delay', input.fixed, problem);
  return problem;
}

/** Requests per second of each replica. */
function ratesOf({ demand }: SplitProblem, { services }: Answer): Float64Array {
  return Float64Array.from(services.flatMap(({ shares }, s) => shares.map((share) => share * (demand[s] ?? 0))));
}

/** Largest relative violation of the problem's conditions by the shares. */
export function residualOf(problem: SplitProblem, answer: Answer): number {
  return splitResidual(problem, ratesOf(problem, answer));
}

/** Per service: seconds from the lowest marginal cost to the highest of a replica above its floor. */
function gapsOf(problem: SplitProblem, answer: Answer): number[] {
  const rates = ratesOf(problem, answer);
  const loads = new Float64Array(problem.capacity.length);
  loadsOf(problem, rates, loads);
  const point = { value: 0, price: 0, slope: 0 };
  return answer.services.map(({ shares }, s) => {
    const first = problem.start[s] ?? 0;
    const equal = (problem.demand[s] ?? 0) / shares.length;
    let lowest = Infinity;
    let highest = -Infinity;
    for (let j = first; j < first + shares.length; j++) {
      const rate = rates[j] ?? 0;
      const node = problem.node[j] ?? 0;
      evaluateNode(problem, node, loads[node] ?? 0, point);
      let marginal = (problem.cost[j] ?? 0) * point.price + (problem.nonCpuSeconds[j] ?? 0);
      marginal += (problem.regularisation[s] ?? 0) * (rate - equal);
      if (problem.limit[j] !== Infinity) {
        evaluateLimit(problem, j, rate, point);
        marginal += point.price;
      }
      lowest = Math.min(lowest, marginal);
      if (rate > problem.floor * equal * (1 + 1e-9)) highest = Math.max(highest, marginal);
    }
    return Math.max(0, highest - lowest);
  });
}

/** Per service: the largest possible difference of a share between two answers to one problem. */
export function maxShareDistances(problem: SplitProblem, one: Answer, other: Answer): number[] {
  const gaps = [gapsOf(problem, one), gapsOf(problem, other)];
  let sum = 0;
  one.services.forEach(({ shares }, s) => {
    const gap = (gaps[0]?.[s] ?? 0) + (gaps[1]?.[s] ?? 0);
    sum += (shares.length * gap * gap) / (4 * (problem.regularisation[s] ?? 1));
  });
  return one.services.map((_, s) => Math.sqrt(sum / (problem.regularisation[s] ?? 1)) / (problem.demand[s] ?? 1));
}
