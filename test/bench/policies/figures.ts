/** Figures of the comparison, from the measurements. Pure. */
import { type Spread, spread } from '../../../tools/local-mesh/report/metrics.ts';
import { RACED, RACES, type RaceName } from './plan.ts';
import { POLICIES, type Policy } from './policies.ts';
import type { Measured } from './records.ts';

/** One balancer under one condition, over the rounds. */
export interface PolicyFigures {
  readonly policy: Policy;
  readonly rounds: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly failed: number;
  readonly due: number;
  readonly busiestNode: Spread;
}

/** Ballast against the best of the rivals: ranges of the rounds that do not touch decide, others are a tie. */
export type Standing = 'lowest' | 'tied' | 'higher';

export interface ConditionFigures {
  readonly condition: string;
  readonly policies: readonly PolicyFigures[];
  /** The rival with the lowest median p99, Ballast's over it, and how they stand; absent when either is missing. */
  readonly against?: { readonly best: Policy; readonly ratio: number; readonly standing: Standing };
}

function standing(ours: Spread, other: Spread): Standing {
  if (ours.max < other.min) return 'lowest';
  return ours.min > other.max ? 'higher' : 'tied';
}

function metricsOf(measured: Measured, condition: string, policy: Policy): PolicyFigures[] {
  const cells = measured.cells.filter((cell) => cell.condition === condition && cell.policy === policy);
  const [p50Ms, p99Ms] = [spread(cells.map((cell) => cell.p50Ms)), spread(cells.map((cell) => cell.p99Ms))];
  const busiestNode = spread(cells.map((cell) => cell.busiestNode));
  if (!p50Ms || !p99Ms || !busiestNode) return [];
  const failed = cells.reduce((sum, cell) => sum + cell.failed, 0);
  const due = cells.reduce((sum, cell) => sum + cell.due, 0);
  return [{ policy, rounds: cells.length, p50Ms, p99Ms, failed, due, busiestNode }];
}

/** Figures under `conditions`, without those of which nothing was measured. */
export function conditionFigures(measured: Measured, conditions: readonly string[]): ConditionFigures[] {
  return conditions.flatMap((condition) => {
    const policies = POLICIES.flatMap((policy) => metricsOf(measured, condition, policy));
    const ours = policies.find(({ policy }) => policy === 'ballast');
    const [best] = policies
      .filter(({ policy }) => policy !== 'ballast')
      .toSorted((a, b) => a.p99Ms.median - b.p99Ms.median);
    if (policies.length === 0) return [];
    if (!ours || !best) return [{ condition, policies }];
    const ratio = ours.p99Ms.median / best.p99Ms.median;
    return [{ condition, policies, against: { best: best.policy, ratio, standing: standing(ours.p99Ms, best.p99Ms) } }];
  });
}

export interface RaceFigures {
  readonly race: RaceName;
  readonly rates: readonly { readonly policy: Policy; readonly rate: Spread }[];
  /** Median of Ballast's over Istio's default within a round; absent when either is missing. */
  readonly ratio?: number;
}

/** Highest rates, without races of which nothing was measured. */
export function raceFigures({ maxRates }: Measured): RaceFigures[] {
  return RACES.flatMap((race) => {
    const found = maxRates.filter((rate) => rate.race === race);
    const rates = RACED.flatMap((policy) => {
      const rate = spread(found.filter((one) => one.policy === policy).map((one) => one.rate));
      return rate ? [{ policy, rate }] : [];
    });
    const ratio = spread(
      found.flatMap(({ round, policy, rate }) => {
        const other = found.find((one) => one.round === round && one.policy === 'least_request');
        return policy === 'ballast' && other ? [rate / other.rate] : [];
      }),
    )?.median;
    return rates.length === 0 ? [] : [{ race, rates, ...(ratio !== undefined && { ratio }) }];
  });
}

/** Flat figures of the command; those that could not be measured are left out. */
export function summarise(measured: Measured, conditions: readonly string[]): Record<string, number> {
  const figures = conditionFigures(measured, conditions);
  const compared = figures.flatMap(({ condition, against }) => (against ? [{ condition, ...against }] : []));
  const ratios = new Map(raceFigures(measured).map(({ race, ratio }) => [race, ratio]));
  const [disturbed, quiet] = [ratios.get('noisy_neighbour'), ratios.get('quiet')];
  const others = spread(measured.cells.map(({ othersCores }) => othersCores));
  return {
    ...(compared.length > 0 && { worst_p99_ratio: Math.max(...compared.map(({ ratio }) => ratio)) }),
    ...(disturbed !== undefined && { max_rate_ratio: disturbed }),
    ...(quiet !== undefined && { max_rate_ratio_quiet: quiet }),
    ...Object.fromEntries(compared.map(({ condition, ratio }) => [`p99_ratio_${condition}`, ratio])),
    conditions_lowest: compared.filter((against) => against.standing === 'lowest').length,
    conditions_tied: compared.filter((against) => against.standing === 'tied').length,
    conditions_higher: compared.filter((against) => against.standing === 'higher').length,
    cells_failed: measured.failures.length,
    capacity: measured.capacity,
    ...(others && { others_cores: others.median }),
  };
}
