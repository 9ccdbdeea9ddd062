/** The order of the measurements. Pure. */
import { randomInteger, seededRandom } from '../../../apps/service/random.ts';
import type { Condition } from './conditions.ts';
import { POLICIES, type Policy } from './policies.ts';

/** All balancers under one condition, one after the other. */
export interface ConditionBlock {
  readonly kind: 'condition';
  readonly round: number;
  readonly condition: Condition;
  readonly order: readonly Policy[];
}

/** Where the highest rate is searched for: without a neighbour, or with one on a node. */
export const RACES = ['quiet', 'noisy_neighbour'] as const;

export type RaceName = (typeof RACES)[number];

export const RACE_LABELS: Readonly<Record<RaceName, string>> = {
  quiet: 'quiet nodes',
  noisy_neighbour: 'noisy neighbour',
};

/** The search for the highest rate, of Ballast and of Istio's default in turn. */
export interface MaxRateBlock {
  readonly kind: 'max_rate';
  readonly round: number;
  readonly race: RaceName;
  readonly order: readonly Policy[];
}

export type Block = ConditionBlock | MaxRateBlock;

/** Balancers whose highest rate is searched for. */
export const RACED: readonly Policy[] = ['least_request', 'ballast'];

/** Fisher-Yates. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInteger(random, 0, index);
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}

/** Every condition once in each round, with the balancers in a new order each time, so that none gains from its predecessor. */
export function planBlocks(rounds: number, conditions: readonly Condition[], maxRate: boolean): Block[] {
  return Array.from({ length: rounds }, (_, index): Block[] => {
    const round = index + 1;
    const random = seededRandom(round);
    const blocks = conditions.map((condition): Block => {
      return { kind: 'condition', round, condition, order: shuffled(POLICIES, random) };
    });
    const races = RACES.map((race): Block => ({ kind: 'max_rate', round, race, order: shuffled(RACED, random) }));
    return shuffled(maxRate ? [...blocks, ...races] : blocks, random);
  }).flat();
}
