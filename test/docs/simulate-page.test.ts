import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { workloads } from '../bench/simulate/workloads/all.ts';
import { figureTable, type SimulateFigures, simulatePage } from './simulate-page.ts';
import { CHECKOUT } from './support/markdown.ts';

const figures = JSON.parse(readFileSync(join(CHECKOUT, 'docs/figures/simulate.json'), 'utf8')) as SimulateFigures;

// After new figures: npx vitest run test/docs/simulate-page.test.ts -u
test('docs/reference has the figures of simulated fleets', async () => {
  const about = new Map(workloads.map(({ name, about: text }) => [name, text]));
  const page = simulatePage(figures, about);
  const text = await format(page, { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
  await expect(text).toMatchFileSnapshot(join(CHECKOUT, 'docs/reference/simulate.md'));
});

test('the comparison quotes them', () => {
  const comparison = readFileSync(join(CHECKOUT, 'docs/guide/comparison.md'), 'utf8');
  const cells = (line: string) => line.split('|').map((cell) => cell.trim());
  const { policies, rows } = figureTable(figures, 'p99_ms');
  const lines = comparison.split('\n').map(cells);
  expect(lines).toContainEqual(['', 'workload', ...policies, '']);
  const quoted = lines.filter(([, workload]) => rows.some((row) => row.workload === workload));
  expect(quoted).toHaveLength(6);
  for (const line of quoted) {
    const row = rows.find(({ workload }) => workload === line[1]);
    expect(line).toEqual(['', row?.workload, ...(row?.values ?? []).map(String), '']);
  }
});
