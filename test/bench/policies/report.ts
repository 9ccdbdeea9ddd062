/** The page and the picture of what was measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Spread } from '../../../tools/local-mesh/report/metrics.ts';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import { shortNumber } from '../../../tools/local-mesh/report/summary.ts';
import { CONDITIONS } from './conditions.ts';
import { type ConditionFigures, type PolicyFigures, conditionFigures, raceFigures, summarise } from './figures.ts';
import { drawPolicies } from './picture.ts';
import { RACE_LABELS } from './plan.ts';
import { LABELS, POLICIES } from './policies.ts';
import type { Measured } from './records.ts';

const NAMES = CONDITIONS.map(({ name }) => name);

const COME = {
  constant: 'at even intervals (`--arrivals constant`)',
  poisson: 'as those of many independent users do (Poisson arrivals)',
} as const;

const STANDINGS = {
  lowest: 'lowest',
  tied: 'tied',
  higher: 'higher',
} as const;

function labelOf(condition: string): string {
  return CONDITIONS.find(({ name }) => name === condition)?.label ?? condition;
}

function range({ median, min, max }: Spread, show: (value: number) => string): string {
  return `${show(median)} (${show(min)} to ${show(max)})`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cell(figures: PolicyFigures | undefined): string {
  if (!figures) return '–';
  const failed = figures.failed === 0 ? '' : `, ${figures.failed} of ${figures.due} failed`;
  return `${range(figures.p99Ms, shortNumber)}${failed}`;
}

function latencyTable(figures: readonly ConditionFigures[]): string[] {
  return [
    row(['condition', ...POLICIES.map((policy) => LABELS[policy]), 'Ballast over the best of the others']),
    row(['---', ...POLICIES.map(() => '---:'), '---']),
    ...figures.map(({ condition, policies, against }) =>
      row([
        labelOf(condition),
        ...POLICIES.map((policy) => cell(policies.find((figure) => figure.policy === policy))),
        against ? `${against.ratio.toFixed(2)}, ${STANDINGS[against.standing]}` : '–',
      ]),
    ),
  ];
}

function rateTable(measured: Measured): string[] {
  return [
    row(['nodes', 'balancer', 'requests/s', 'of what the nodes can carry alone', 'Ballast over LEAST_REQUEST']),
    row(['---', '---', '---:', '---:', '---:']),
    ...raceFigures(measured).flatMap(({ race, rates, ratio }) =>
      rates.map(({ policy, rate }) =>
        row([
          RACE_LABELS[race],
          LABELS[policy],
          range(rate, (value) => value.toFixed(0)),
          range(rate, (value) => `${Math.round((100 * value) / measured.capacity)} %`),
          policy === 'ballast' && ratio !== undefined ? ratio.toFixed(2) : '',
        ]),
      ),
    ),
  ];
}

export function policiesPage(measured: Measured): string {
  const rounds = Math.max(0, ...measured.cells.map(({ round }) => round), ...measured.maxRates.map((r) => r.round));
  return `# Ballast against the balancers of the same Envoy

\`npm run bench -- policies\` measures this and writes this page.

A mesh on one machine: a gateway and three services (the frontend asks one, then another), each with a replica on each
of four nodes of 0.4, 0.3, 0.3 and 0.2 cores, every replica behind a real Envoy. Each request is balanced three times:
by the gateway and twice by a sidecar of the frontend. The balancers take turns in the same processes, in a new order in
each of ${rounds} rounds, under the same requests in each round, which come ${COME[measured.arrivals]}, whatever the
answers do. The nodes can carry ${measured.capacity.toFixed(0)} requests/s. The first seconds after each change are not counted.

- The plugin is in every proxy all the time, so its cost is in everybody's figures; while a rival balances it leaves
  the requests alone.
- The weighted round robin gets each replica's CPU utilisation from Ballast, with every response, and renews its
  weights four times a second.
- This Envoy (1.40) has neither peak EWMA nor Prequal.
- _Noisy neighbour_: a process that is none of the mesh takes 70 % of the largest node. _Slow node_: the largest node
  has half of its speed. _Flapping replica_: one replica's process is killed every six seconds and comes back 1.5 s
  later, in a sidecar that lives on.

## p99 in milliseconds

Median of the rounds, and their range. Ballast is _lowest_ where each of its rounds is below each of the best rival's,
and _tied_ where they overlap.

${latencyTable(conditionFigures(measured, NAMES)).join('\n')}

## Highest rate with p99 below 100 ms

Found by bisection in each round, both balancers taking turns: five probes, from 20 % to 120 % of what the nodes can
carry without a neighbour. On quiet nodes nobody can carry more than 100 % for long; the neighbour takes 70 % of the
largest node, which leaves 77 % of all. The ratio is the median over the rounds.

${rateTable(measured).join('\n')}

![p99 of each balancer under each condition, and highest rates](../figures/policies.png)
`;
}

/** Writes `reference/policies.md`, `figures/policies.png` and `figures/policies.json` into `directory`. */
export async function writeDocs(measured: Measured, directory: string): Promise<string[]> {
  const [reference, figures] = ['reference', 'figures'].map((name) => join(directory, name));
  for (const folder of [reference, figures]) mkdirSync(folder ?? directory, { recursive: true });
  const files = {
    page: join(reference ?? directory, 'policies.md'),
    picture: join(figures ?? directory, 'policies.png'),
    json: join(figures ?? directory, 'policies.json'),
  };
  const style = await resolveConfig('docs/reference/policies.md', { editorconfig: false });
  writeFileSync(files.page, await format(policiesPage(measured), { ...style, parser: 'markdown' }));
  const { arrivals, capacity, cells, maxRates, failures } = measured;
  const raw = { name: 'policies', arrivals, capacity, summary: summarise(measured, NAMES), cells, maxRates, failures };
  writeFileSync(files.json, `${JSON.stringify(raw, null, 2)}\n`);
  const drawing = drawPolicies(conditionFigures(measured, NAMES), raceFigures(measured), labelOf);
  writeFileSync(files.picture, renderPng(drawing));
  return Object.values(files);
}
