/** Writes the documentation's page about the survey's result. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { renderPng } from '../../local-mesh/report/write-report.ts';
import type { LabFlags } from '../demo/compare.ts';
import { NODES } from '../settings.ts';
import { type ApplicationMetrics, summariseSurvey } from './figures.ts';
import { drawSurvey } from './picture.ts';
import { surveyTable } from './table.ts';

const PAGE = join('docs', 'reference', 'applications.md');
const FIGURES = join('docs', 'figures');

type Settings = Pick<LabFlags, 'node' | 'rounds' | 'seconds'>;

export function surveyPage(figures: readonly ApplicationMetrics[], { node, rounds, seconds }: Settings): string {
  const sizes = NODES.flatMap(({ name, cores }) => (cores === undefined ? [] : [`${name} with ${cores} cores`]));
  const names = figures.map(({ application }) => `[${application}](../../apps/${application}/README.md)`);
  const { worst_p99_ratio: worst, failed } = summariseSurvey(figures);
  return `# Other applications under a noisy neighbour

\`npm run lab -- apps --write docs\` measures this and writes this page.

${names.join(', ')}: each runs by itself in the [lab](../../tools/lab/README.md), a real Kubernetes cluster with Istio
(${sizes.join(', ')}), one replica of each service on each node, installed from its \`statefulset\` manifests. A
pod that is none of the mesh takes 70 % of ${node}. The balancers take turns, ${rounds} rounds of ${seconds} s each:
all policies have \`mode: "Off"\`, then \`mode: Enforce\`. One load at a constant rate, at which the nodes are half
busy without the noisy pod, goes on throughout, and latency counts from when a request was due.

\`\`\`
${surveyTable(figures, createColors(false))}
\`\`\`

Medians of the rounds and their ranges; \`ratio\` is Ballast's p99 over LEAST_REQUEST's, \`failed\` counts the requests
that failed with LEAST_REQUEST, then with Ballast. The highest ratio is ${worst?.toFixed(2) ?? 'none'}; ${failed} requests failed with
Ballast. [All figures](../figures/applications.json).

![p99 of each application with LEAST_REQUEST and with Ballast](../figures/applications.png)
`;
}

/** Writes `applications.png` and `applications.json` to a folder, and returns their names. */
export function writeSurvey(folder: string, figures: readonly ApplicationMetrics[], all: unknown): string[] {
  const files = { picture: join(folder, 'applications.png'), json: join(folder, 'applications.json') };
  mkdirSync(folder, { recursive: true });
  const note = figures.map(({ application, p99Ratio }) => `${application} × ${p99Ratio.toFixed(2)}`).join(', ');
  writeFileSync(files.picture, renderPng(drawSurvey(figures, note)));
  writeFileSync(files.json, `${JSON.stringify(all, null, 2)}\n`);
  return [files.picture, files.json];
}

/** Writes `docs/reference/applications.md` with its picture and data, and returns their names. */
export function writePage(figures: readonly ApplicationMetrics[], all: unknown, settings: Settings): string[] {
  writeFileSync(PAGE, surveyPage(figures, settings));
  return [PAGE, ...writeSurvey(FIGURES, figures, all)];
}
