import { describe, expect, test } from 'vitest';
import { loadPageModule } from './page-modules.ts';

const { History } = await loadPageModule('history');

function filled(...figures: readonly (readonly [second: number, value: number])[]) {
  const history = new History();
  for (const [second, value] of figures) history.add(second * 1000, [['a', value]]);
  return history;
}

describe('the history', () => {
  test('keeps the last values of each step, and reports the start of a step', () => {
    const history = filled([10, 0.1], [10.5, 0.2], [11.9, 0.3]);
    expect(history.add(12_000, [['a', 0.4]])).toBe(true);
    expect(history.add(13_000, [['a', 0.5]])).toBe(false);
    expect(history.table()).toEqual({
      names: ['a'],
      data: [
        [10, 12],
        [0.3, 0.5],
      ],
    });
  });

  test('holds ten minutes', () => {
    const history = new History();
    for (let second = 0; second <= 1000; second += 2) history.add(second * 1000, [['a', 0.5]]);
    const seconds = history.table().data[0] ?? [];
    expect([seconds.length, seconds[0], seconds.at(-1)]).toEqual([300, 402, 1000]);
    expect(history.span()).toEqual({ from: 400, to: 1000 });
  });

  test('has a gap where decisions are missing', () => {
    expect(filled([2, 0.5], [4, 0.5], [8, 0.5], [60, 0.5]).table().data).toEqual([
      [2, 4, 8, 10, 60],
      [0.5, 0.5, 0.5, null, 0.5],
    ]);
  });

  test('starts again if the clock of the controller goes back', () => {
    expect(filled([100, 0.5], [102, 0.5], [50, 0.5]).table().data[0]).toEqual([50]);
  });

  test('keeps lines in natural order and drops lines without values', () => {
    const history = filled([10, 1]);
    history.add(12_000, [
      ['a-10', 0.4],
      ['a-2', 0.6],
    ]);
    expect(history.table()).toEqual({
      names: ['a', 'a-2', 'a-10'],
      data: [
        [10, 12],
        [1, null],
        [null, 0.6],
        [null, 0.4],
      ],
    });
    expect(history.table(['a-10', 'b']).names).toEqual(['a-10']);
    history.add(611_000, [['a-2', 0.6]]);
    expect(history.table().names).toEqual(['a-2', 'a-10']);
  });

  test('continues the series of the controller', () => {
    const history = filled([14, 0.4], [16, 0.5]);
    history.load([10_000, 12_000, 14_000], [{ name: 'a', values: [0.1, null, 0.3] }]);
    expect(history.table().data).toEqual([
      [10, 12, 14, 16],
      [0.1, null, 0.3, 0.5],
    ]);
    history.clear();
    expect(history.table()).toEqual({ names: [], data: [[]] });
  });
});
