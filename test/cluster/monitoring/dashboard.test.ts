/** The Grafana dashboard, and every expression in it and in the alerts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { format } from 'prettier';
import { stringify } from 'yaml';
import { ALERTS } from '../../../tools/monitoring/alerts.ts';
import { grafanaDashboard } from '../../../tools/monitoring/dashboard.ts';
import { ROWS } from '../../../tools/monitoring/dashboard-panels.ts';
import { CONFIGS } from '../install/render.ts';
import { knownSeries, TARGET_LABELS } from './known-metrics.ts';
import { namesIn } from './promql.ts';
import { promtool } from './promtool.ts';

const dashboard = grafanaDashboard();

/** As Grafana sends it, with everything chosen. */
function filledIn(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:namespace|service)\b/g, '.*');
}

const EXPRESSIONS = [
  ...ALERTS.map(({ name, expression }) => ({ where: name, expression })),
  ...ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(({ expression }) => ({ where: title, expression: filledIn(expression) })),
    ),
  ),
];

// After a change on purpose: npx vitest run test/cluster/monitoring -u
test('is the one that istio-configs holds', async () => {
  const json = await format(JSON.stringify(dashboard), { parser: 'json', printWidth: 120 });
  await expect(json).toMatchFileSnapshot(join(CONFIGS, 'monitoring/grafana-dashboard.json'));
});

test('has panels that overlap nowhere, each with its own number and a source that can be chosen', () => {
  const panels = dashboard.panels ?? [];
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { gridPos: place } of panels) {
    if (!place) throw new Error('a panel has no place');
    expect(place.x + place.w).toBeLessThanOrEqual(24);
    for (let x = place.x; x < place.x + place.w; x++) {
      for (let y = place.y; y < place.y + place.h; y++) {
        expect(taken.has(`${x},${y}`)).toBe(false);
        taken.add(`${x},${y}`);
      }
    }
  }
  for (const panel of panels) {
    if ('datasource' in panel) expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
  }
  expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'service']);
});

test.each(EXPRESSIONS)('$where names series and labels that exist: $expression', async ({ expression }) => {
  const known = await knownSeries();
  const { selected, grouped } = namesIn(expression);
  expect(selected.length).toBeGreaterThan(0);
  const labels = new Set([...TARGET_LABELS, ...selected.flatMap(({ metric }) => known.get(metric) ?? [])]);
  for (const { metric, labels: chosenBy } of selected) {
    const own = known.get(metric);
    if (own === undefined) throw new Error(`there is no series ${metric}`);
    for (const label of chosenBy) expect([...own, ...TARGET_LABELS]).toContain(label);
  }
  for (const label of grouped) expect([...labels]).toContain(label);
});

test('legends name labels that the query has', async () => {
  const known = await knownSeries();
  for (const { title, queries } of ROWS.flatMap(({ panels }) => panels)) {
    for (const { expression, legend } of queries) {
      const { selected } = namesIn(filledIn(expression));
      const labels = [...TARGET_LABELS, ...selected.flatMap(({ metric }) => known.get(metric) ?? [])];
      for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(labels, title).toContain(label);
    }
  }
});

test('Prometheus itself understands every expression', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-dashboard-'));
  const rules = EXPRESSIONS.map(({ expression }, index) => ({ record: `test:expression:${index}`, expr: expression }));
  await writeFile(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'expressions', rules }] }));
  const said = await promtool(['check', 'rules', join(folder, 'rules.yml')]);
  await rm(folder, { recursive: true });
  expect(said).toContain(`SUCCESS: ${EXPRESSIONS.length} rules found`);
});
