/** The alerts are raised when they should be, and only then: Prometheus' own evaluation of made-up figures. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ALERTS } from '../../../tools/monitoring/alerts.ts';
import { prometheusRule, ruleFile } from '../../../tools/monitoring/manifests.ts';
import { CONFIGS } from '../install/render.ts';
import { ALERT_CASES, type AlertCase } from './alert-cases.ts';
import { promtool } from './promtool.ts';

const GUIDE = join(CONFIGS, '../docs/guide/troubleshooting.md');

let folder: string;
let rules: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-alerts-'));
  rules = join(folder, 'ballast.rules.yml');
  await writeFile(rules, ruleFile());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What promtool expects of one case: the alert raised once with these labels and texts, or not at all. */
function unitTest({ alert, at, firing, quiet, labels = {}, summary }: AlertCase, isFiring: boolean): object {
  const definition = ALERTS.find(({ name }) => name === alert);
  if (!definition) throw new Error(`there is no alert ${alert}`);
  const { severity, description, runbook } = definition;
  const raised = {
    exp_labels: { severity, ...labels },
    exp_annotations: { summary, description, runbook: `docs/guide/troubleshooting.md#${runbook}` },
  };
  return {
    name: `${alert} ${isFiring ? 'firing' : 'quiet'}`,
    interval: '1m',
    input_series: Object.entries(isFiring ? firing : quiet).map(([series, values]) => ({ series, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: isFiring ? [raised] : [] }],
  };
}

// After a change on purpose: npx vitest run test/cluster/monitoring -u
test('rules for Prometheus and the operator are made of the same alerts', async () => {
  await expect(ruleFile()).toMatchFileSnapshot(join(CONFIGS, 'monitoring/ballast.rules.yml'));
  await expect(prometheusRule()).toMatchFileSnapshot(join(CONFIGS, 'monitoring/prometheus-rule.yaml'));
});

test('Prometheus takes the rules', async () => {
  expect(await promtool(['check', 'rules', '--lint=all', '--lint-fatal', rules])).toContain(
    `SUCCESS: ${ALERTS.length} rules found`,
  );
});

test('each alert has cases', () => {
  expect(new Set(ALERT_CASES.map(({ alert }) => alert))).toEqual(new Set(ALERTS.map(({ name }) => name)));
});

describe.each(ALERT_CASES)('$alert', (alertCase) => {
  test.each([
    ['is raised', true],
    ['is not raised', false],
  ])('%s', async (_title, isFiring) => {
    const file = join(folder, `${alertCase.alert}-${isFiring}.yml`);
    await writeFile(
      file,
      stringify({ rule_files: [rules], evaluation_interval: '1m', tests: [unitTest(alertCase, isFiring)] }),
    );
    expect(await promtool(['test', 'rules', file])).toContain('SUCCESS');
  });
});

test('each alert leads to a heading of the guide', async () => {
  const headings = (await readFile(GUIDE, 'utf8')).matchAll(/^##+ (.+)$/gm);
  const anchors = Array.from(headings, ([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { name, runbook } of ALERTS) expect(anchors, name).toContain(runbook);
});
