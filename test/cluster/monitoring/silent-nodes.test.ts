/** The alerts about silent agents, on what a controller serves of a cluster where agents run on some nodes only. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ControllerMetrics } from '../../../central-controller/metrics/controller-metrics.ts';
import { ruleFile } from '../../../tools/monitoring/manifests.ts';
import { createLoop, nodeReport, runTraffic, serviceTopology } from '../../central-controller/fixtures.ts';
import { promtool } from './promtool.ts';

const WITHOUT_AGENTS = ['windows-1', 'windows-2', 'virtual-1'];

/** A scrape of a controller that has heard agents for a while, those on these nodes no more. */
async function scraped(fellSilent: readonly string[]): Promise<Record<string, string>> {
  const nodes = ['node-1', 'node-2', ...WITHOUT_AGENTS, ...fellSilent].map((name) => ({ name }));
  const running = createLoop({ nodes, services: [serviceTopology()] });
  const metrics = new ControllerMetrics(running.loop.state);
  running.loop.start();
  for (const node of fellSilent) for (const sequence of [1, 2]) running.loop.accept(nodeReport(node, sequence));
  runTraffic(running, 60);
  const text = await metrics.registry.metrics();
  const series = Array.from(text.matchAll(/^(ballast_node_silent\{.*\}) (\d)$/gm), ([, name = '', value]) => [
    name,
    `${value}x20`,
  ]);
  return Object.fromEntries(series) as Record<string, string>;
}

/** Has promtool hold how often each of the two alerts is raised on these figures against `raised`. */
async function check(series: Readonly<Record<string, string>>, raised: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-silent-'));
  const [rules, tests] = [join(folder, 'rules.yml'), join(folder, 'tests.yml')];
  await writeFile(rules, ruleFile());
  // Counted: texts and labels have their own cases.
  const one = {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertname=~"Ballast(Many)?Agents?Silent",alertstate="firing"})',
        eval_time: '10m',
        exp_samples: raised,
      },
    ],
  };
  await writeFile(tests, stringify({ rule_files: [rules], evaluation_interval: '1m', tests: [one] }));
  try {
    return await promtool(['test', 'rules', tests]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('nodes that never had an agent, and no balanced replica, raise none', async () => {
  const series = await scraped([]);
  expect(Object.keys(series)).toHaveLength(2);
  expect(await check(series, [])).toContain('SUCCESS');
});

test('an agent that falls silent raises one, also where no balanced replica runs', async () => {
  const raised = [
    { labels: '{alertname="BallastAgentSilent"}', value: 1 },
    { labels: '{alertname="BallastManyAgentsSilent"}', value: 1 },
  ];
  expect(await check(await scraped(['node-3']), raised)).toContain('SUCCESS');
});
