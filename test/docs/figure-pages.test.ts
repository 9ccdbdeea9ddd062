/** Pages and tables of measurements agree with the figures beside them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { shortNumber } from '../../tools/local-mesh/report/summary.ts';
import { clusterPage } from '../bench/cluster/report.ts';
import { fleetPage } from '../bench/fleet/report.ts';
import { costPage } from '../bench/plugin/report.ts';
import { RATE } from '../bench/plugin/variants.ts';
import { CONDITIONS } from '../bench/policies/conditions.ts';
import { conditionFigures } from '../bench/policies/figures.ts';
import { policiesPage } from '../bench/policies/report.ts';
import { POLICIES } from '../bench/policies/policies.ts';
import type { Measured } from '../bench/policies/records.ts';
import type { BenchResult } from '../bench/support/bench.ts';
import { CHECKOUT } from './support/markdown.ts';

const read = (file: string): string => readFileSync(join(CHECKOUT, file), 'utf8');
const figures = <T>(name: string): T => JSON.parse(read(`docs/figures/${name}.json`)) as T;

test.each([
  ['policies', () => policiesPage(figures<Measured>('policies'))],
  ['plugin-cost', () => costPage(figures<BenchResult>('plugin'), RATE)],
  ['cluster', () => clusterPage(figures<BenchResult>('cluster'))],
  ['fleet', () => fleetPage(figures<BenchResult>('fleet'))],
])('docs/reference/%s.md is made from its figures', async (name, page) => {
  const file = `docs/reference/${name}.md`;
  const style = await resolveConfig(join(CHECKOUT, file), { editorconfig: false });
  expect(read(file)).toBe(await format(page(), { ...style, parser: 'markdown' }));
});

test('the page of benchmarks quotes the p99 of each balancer', () => {
  const names = CONDITIONS.map(({ name }) => name);
  const rows = read('docs/reference/benchmarks.md').split('\n');
  const quoted = rows.filter((row) => /^\| (?:\d\d % load|noisy neighbour|slow node|flapping replica) /.test(row));
  const measured = conditionFigures(figures<Measured>('policies'), names).map(({ policies, against }) => [
    ...POLICIES.map((policy) => shortNumber(policies.find((each) => each.policy === policy)?.p99Ms.median ?? NaN)),
    against?.standing,
  ]);
  const quotedCells = quoted.map((row) => row.split('|').map((cell) => cell.trim()));
  const onPage = quotedCells
    .map((cells) => [...cells.slice(2, 6), cells[6]?.split(/[ ,]/)[0]])
    .filter(([first]) => !Number.isNaN(Number(first)));
  expect(onPage.slice(-measured.length)).toEqual(measured);
});

test('the guide to routings and the page of benchmarks quote the failures of the cluster', () => {
  const { summary } = figures<BenchResult>('cluster');
  const cells = (file: string, row: string): string[] => {
    const found = read(file)
      .split('\n')
      .find((line) => line.startsWith(`| ${row}`));
    return (found ?? '')
      .split('|')
      .slice(2, -1)
      .flatMap((cell) => cell.trim().split(/; | \(/));
  };
  const guide = 'docs/guide/routings-and-modes.md';
  const benchmarks = 'docs/reference/benchmarks.md';
  const of = (change: string, routing: string): string => String(summary[`${change}_failed_${routing}`]);
  expect(cells(guide, '3 to 6 to 2 replicas')).toEqual([of('scale', 'endpoint'), of('scale', 'subset')]);
  expect(cells(guide, 'rolling update')).toEqual([of('rolling', 'endpoint'), of('rolling', 'subset')]);
  expect(cells(benchmarks, 'failed at 100 requests/s')).toEqual([of('scale', 'endpoint'), of('rolling', 'endpoint')]);
  expect(cells(benchmarks, 'the same in `Subset`  ').slice(0, 2)).toEqual([
    of('scale', 'subset'),
    of('rolling', 'subset'),
  ]);
});
