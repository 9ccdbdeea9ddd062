import { describe, expect, test } from 'vitest';
import { conditionFigures, raceFigures, summarise } from './figures.ts';
import type { RaceName } from './plan.ts';
import type { Policy } from './policies.ts';
import type { Cell, Measured } from './records.ts';

function cells(condition: string, p99s: Partial<Record<Policy, readonly number[]>>): Cell[] {
  return Object.entries(p99s).flatMap(([policy, values]) =>
    values.map((p99Ms, index) => ({
      round: index + 1,
      condition,
      policy: policy as Policy,
      rate: 100,
      p50Ms: p99Ms / 2,
      p99Ms,
      due: 1000,
      failed: index,
      meanNode: 0.5,
      busiestNode: 0.7,
      othersCores: 0.1,
    })),
  );
}

const empty: Measured = { arrivals: 'constant', capacity: 400, cells: [], maxRates: [], failures: [] };

describe('figures', () => {
  test('Ballast is held against the rival with the lowest median, and ranges that touch are a tie', () => {
    const measured: Measured = {
      ...empty,
      cells: [
        ...cells('load_50', { round_robin: [90, 80, 70], least_request: [50, 40, 60], ballast: [10, 20, 15] }),
        ...cells('load_70', { least_request: [50, 40, 60], ballast: [45, 30, 20] }),
        ...cells('load_85', { least_request: [50, 40, 60], ballast: [61, 80, 75] }),
      ],
    };
    const against = conditionFigures(measured, ['load_50', 'load_70', 'load_85', 'slow_node']).map((of) => of.against);
    expect(against).toEqual([
      { best: 'least_request', ratio: 0.3, standing: 'lowest' },
      { best: 'least_request', ratio: 0.6, standing: 'tied' },
      { best: 'least_request', ratio: 1.5, standing: 'higher' },
    ]);
    expect(summarise(measured, ['load_50', 'load_70', 'load_85'])).toMatchObject({
      worst_p99_ratio: 1.5,
      p99_ratio_load_70: 0.6,
      conditions_lowest: 1,
      conditions_tied: 1,
      conditions_higher: 1,
    });
  });

  test('a condition that Ballast or every rival is missing from is shown, but not compared', () => {
    const measured = { ...empty, cells: cells('load_50', { ballast: [10] }) };
    const [figures] = conditionFigures(measured, ['load_50']);
    expect(figures?.policies).toMatchObject([{ policy: 'ballast', rounds: 1, failed: 0, due: 1000 }]);
    expect(figures).not.toHaveProperty('against');
    expect(summarise(measured, ['load_50'])).not.toHaveProperty('worst_p99_ratio');
  });

  test('the highest rates are compared within rounds, with and without the neighbour apart', () => {
    const found = (race: RaceName, policy: Policy, rates: readonly number[]) =>
      rates.map((rate, round) => ({ round, race, policy, rate }));
    const maxRates = [
      ...found('quiet', 'least_request', [300, 320]),
      ...found('quiet', 'ballast', [330, 320]),
      ...found('noisy_neighbour', 'least_request', [100, 300, 200]),
      ...found('noisy_neighbour', 'ballast', [300, 330, 300]),
    ];
    const [quiet, disturbed] = raceFigures({ ...empty, maxRates });
    expect(quiet).toMatchObject({ race: 'quiet', ratio: 1.05 });
    expect(disturbed?.rates).toEqual([
      { policy: 'least_request', rate: { median: 200, min: 100, max: 300 } },
      { policy: 'ballast', rate: { median: 300, min: 300, max: 330 } },
    ]);
    const summary = summarise({ ...empty, maxRates }, []);
    expect(summary).toMatchObject({ max_rate_ratio: 1.5, max_rate_ratio_quiet: 1.05 });
    expect(raceFigures(empty)).toEqual([]);
  });
});
