import { describe, expect, test } from 'vitest';
import { decision, node, replica, service } from './decisions.ts';
import { loadPageModule } from './page-modules.ts';

const { History } = await loadPageModule('history');

/** A decision in a second, with one node that is so busy. */
function at(second: number, busyCores: number) {
  return decision({ at: second * 1000, nodes: [node('a', { busyCores })] });
}

describe('the history', () => {
  test('keeps the last decision of each second', () => {
    const history = new History();
    for (const [second, busy] of [
      [10, 0.1],
      [10.25, 0.2],
      [10.75, 0.3],
      [11, 0.4],
    ] as const) {
      history.add(at(second, busy));
    }
    expect(history.nodes()).toEqual({
      names: ['a'],
      data: [
        [10, 11],
        [0.3, 0.4],
      ],
    });
  });

  test('holds ten minutes', () => {
    const history = new History();
    for (let second = 1; second <= 1000; second++) history.add(at(second, 0.5));
    const seconds = history.nodes().data[0] ?? [];
    expect([seconds.length, seconds[0], seconds.at(-1)]).toEqual([600, 401, 1000]);
    expect(history.span()).toEqual({ from: 400, to: 1000 });
  });

  test('breaks the line where decisions are missing', () => {
    const history = new History();
    for (const second of [1, 2, 5, 60]) history.add(at(second, 0.5));
    expect(history.nodes().data).toEqual([
      [1, 2, 5, 6, 60],
      [0.5, 0.5, 0.5, null, 0.5],
    ]);
  });

  test('begins anew when the clock of the controller goes back', () => {
    const history = new History();
    for (const second of [100, 101, 50]) history.add(at(second, 0.5));
    expect(history.nodes().data[0]).toEqual([50]);
  });

  test('has the weights of one service, replicas coming and going', () => {
    const history = new History();
    const [zero, one] = [replica('geo-0', 'a', { weight: 1 }), replica('geo-10', 'a', { weight: 0.4 })];
    history.add(decision({ at: 1000, services: [service('geo', [zero])] }));
    history.add(decision({ at: 2000, services: [service('geo', [one, replica('geo-2', 'a', { weight: 0.6 })])] }));
    expect(history.weights('shop/geo')).toEqual({
      names: ['geo-0', 'geo-2', 'geo-10'],
      data: [
        [1, 2],
        [1, null],
        [null, 0.6],
        [null, 0.4],
      ],
    });
    expect(history.weights('shop/other').names).toEqual([]);
  });

  test('leaves silent nodes out', () => {
    const history = new History();
    history.add(decision({ nodes: [node('a'), node('b', { stale: true })] }));
    expect(history.nodes().names).toEqual(['a']);
  });
});
