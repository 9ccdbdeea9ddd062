/** Writes the documentation's page about the demo's result. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import type { MeasuredRun } from '../../local-mesh/report/phases.ts';
import { verdict } from '../../local-mesh/report/summary.ts';
import { metricsTable } from '../../local-mesh/report/table.ts';
import { writeReport } from '../../local-mesh/report/write-report.ts';
import { NODES } from '../settings.ts';

const PAGE = join('docs', 'reference', 'lab.md');

function page(run: MeasuredRun): string {
  const sizes = NODES.flatMap(({ name, cores }) => (cores === undefined ? [] : [`${name} with ${cores} cores`]));
  return `# Ballast in a Kubernetes cluster with Istio

\`npm run lab -- demo --write docs\` measures this and writes this page.

The [lab](../../tools/lab/README.md): a real Kubernetes cluster on one machine, ${sizes.join(', ')}, and a node for
everything that is not measured. Istio injects the sidecars and its ingress gateway lets the requests in; Ballast is
installed from its manifests. The hotel application has one replica of each service on each node. One load at a constant
rate goes on throughout, and latency counts from when a request was due. A pod that is none of the mesh takes 70 % of
${run.neighbourNode ?? 'a node'}. The balancers take turns: all policies have \`mode: "Off"\`, then \`mode: Enforce\`.

\`\`\`
${metricsTable(run, createColors(false))}

${verdict(run)}
\`\`\`

${run.setting ?? ''}. [All figures](../figures/lab.json).

![Latency and node CPU over the phases](../figures/lab.png)
`;
}

/** Writes `docs/reference/lab.md`, `docs/figures/lab.png` and `lab.json`, and returns their names. */
export function writePage(run: MeasuredRun, figures: unknown): string[] {
  const { picture, figures: json } = writeReport(join('docs', 'figures'), 'lab', run, figures);
  mkdirSync(join('docs', 'reference'), { recursive: true });
  writeFileSync(PAGE, page(run));
  return [PAGE, picture, json];
}
