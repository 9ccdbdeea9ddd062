import { expect, it } from 'vitest';
import { quartiles, summarise, summariseMesh } from './figures.ts';

it('interpolates quartiles, whatever the order', () => {
  expect(quartiles([4, 1, 3, 2])).toEqual({ first: 1.75, median: 2.5, third: 3.25 });
  expect(quartiles([7])).toEqual({ first: 7, median: 7, third: 7 });
});

it('holds more replicas against a proxy that has as many, and ratios within a round', () => {
  const round = { none: 100, 'ballast 10': 110, 'none 1000': 120, 'ballast 1000': 132, 'lua 10': 115 };
  // The machine was twice as slow in the second round: no ratio changes.
  const slow = Object.fromEntries(Object.entries(round).map(([name, cost]) => [name, cost * 2]));
  const summary = summarise([round, slow], ['none', 'ballast 10']);
  expect(summary['cpu_ratio']).toBeCloseTo(1.1);
  expect(summary['replicas_1000_over_10']).toBeCloseTo(1);
  expect(summary['replicas_1000_over_10_with_envoy']).toBeCloseTo(1.2);
  expect(summary['lua_ratio']).toBeCloseTo(110 / 115);
  expect(summary['ballast_10_us']).toBe(165);
});

it('holds the proxy in a large mesh against the one in a small mesh, within a round', () => {
  const rounds = [
    { 'mesh 60': 100, 'mesh 10000': 102 },
    { 'mesh 60': 300, 'mesh 10000': 306 },
  ];
  const summary = summariseMesh(rounds, 4400);
  expect(summary['mesh_cpu_ratio']).toBeCloseTo(1.02);
  expect(summary['proxy_table_kb']).toBe(4.4);
});
