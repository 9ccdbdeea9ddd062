/** The fleet as a linear program for HiGHS, with the highest of some tangents in place of each node's curve. */
import type { AllocationInput } from '../../../central-controller/decide/allocate/allocation-input.ts';
import { evaluateCurve } from '../../../central-controller/decide/allocate/delay-curve.ts';
import { type LinearProgram, solveLinear } from '../../central-controller/decide/allocate/linear-program.ts';

/** Utilisations of the tangents. */
const TANGENTS = [0, 0.2, 0.35, 0.5, 0.6, 0.68, 0.74, 0.8, 0.84, 0.88, 0.92, 0.96];

/**
 * The program is simpler than what Ballast solves: curves are piecewise linear, CPU limits are hard, and there is no
 * regularisation. It splits the whole demand, so the fleet must be able to carry it.
 */
function programOf(input: AllocationInput): LinearProgram {
  const rows: LinearProgram['rows'][number][] = [];
  const minimise: Record<string, number> = {};
  const bounds: Record<string, readonly [number, number]> = {};
  const point = { value: 0, price: 0, slope: 0 };
  const loads = Array.from(input.capacityCores, (_, n): Record<string, number> => ({ [`l${n}`]: 1 }));
  for (let s = 0; s < input.requestsPerSecond.length; s++) {
    const from = input.firstReplica[s] ?? 0;
    const to = input.firstReplica[s + 1] ?? 0;
    const demand = input.requestsPerSecond[s] ?? 0;
    const terms: Record<string, number> = {};
    for (let j = from; j < to; j++) {
      const cost = input.cost[j] ?? 0;
      const load = loads[input.node[j] ?? 0];
      const most = Math.min(demand, (input.limitCores[j] ?? Infinity) / cost);
      terms[`x${j}`] = 1;
      if (load) load[`x${j}`] = -cost;
      minimise[`x${j}`] = input.nonCpuSeconds[j] ?? 0;
      bounds[`x${j}`] = [(input.floor * demand) / (to - from), most];
    }
    rows.push({ terms, relation: '=', value: demand });
  }
  input.capacityCores.forEach((capacity, n) => {
    minimise[`n${n}`] = 1;
    rows.push({ terms: loads[n] ?? {}, relation: '=', value: input.backgroundCores[n] ?? 0 });
    for (const utilisation of TANGENTS) {
      const load = utilisation * capacity;
      evaluateCurve('delay', capacity, load, false, point);
      const terms = { [`n${n}`]: 1, [`l${n}`]: -point.price };
      rows.push({ terms, relation: '>=', value: point.value - point.price * load });
    }
  });
  return { minimise, rows, bounds };
}

/** Milliseconds of HiGHS, including the time to read the program. */
export function timeHighs(input: AllocationInput): number {
  const program = programOf(input);
  const started = performance.now();
  solveLinear(program);
  return performance.now() - started;
}
