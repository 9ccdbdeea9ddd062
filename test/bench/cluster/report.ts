/** The page and the picture of what was measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import type { BenchResult, Round } from '../support/bench.ts';
import { type Figure, metricsOf } from './figures.ts';
import { drawFigures, show } from './picture.ts';

const TITLE = 'Ballast in a Kubernetes cluster, in figures';

function failures(rows: readonly Round[]): string[] {
  return rows
    .filter((row) => row['measure'] === 'changes')
    .map((row) => `| ${row['routing']} | ${row['change']} | ${row['failed']} of ${row['due']} |`);
}

function figureRow(figure: Figure): string {
  return `| ${figure.label} | ${show(figure)} | ${figure.limit ?? ''} |`;
}

export function clusterPage({ rounds, summary }: BenchResult): string {
  const count = (measure: string) => rounds.filter((row) => row['measure'] === measure).length;
  const most = (part: string): string =>
    Math.max(...rounds.filter((row) => row['part'] === part).map((row) => Number(row['rss_with_shared_mb']))).toFixed(
      0,
    );
  const cpuWhileNew = rounds
    .filter((row) => row['measure'] === 'cost while new' && row['part'] === 'agent')
    .map((row) => Number(row['cpu_percent']));
  return `# ${TITLE}

\`npm run bench -- cluster\` measures this and writes this page.

On the [lab](../../tools/lab/README.md): a Kubernetes cluster of three small nodes and a control plane on one machine,
with Istio's sidecars and its ingress gateway, Ballast installed from its manifests, the hotel application.

| | measured | limit |
| --- | ---: | ---: |
${metricsOf(summary).map(figureRow).join('\n')}

![Each figure beside its limit](../figures/cluster.png)

- _From nothing to balanced_: no part of the cluster is there at the begin; at the end Ballast chooses who answers the
  gateway's requests. Programs and images had been built.
- _A node's CPU changes_: under load a noisy pod begins to work, ${count('reaction')} times. Timed is until the weights have made at
  least half of the shift that they make in the end, and every sidecar has them.
- _First request_: from when the API server tells that a replica of the frontend is ready until the first request is sent
  that it gets, for ${count('first request')} replicas, at 100 requests/s.
- CPU and memory after six minutes of a load that keeps the nodes half busy, from the pods' control groups. After two
  minutes, while Node still compiles what it runs, the highest agent took ${Math.max(...cpuWhileNew).toFixed(2)} %. The pages of Node's own
  program come on top for the first pod of a node that runs it; with them the controller has ${most('controller')} MB resident and
  an agent ${most('agent')} MB.

## Requests that fail when replicas come and go

At 100 requests/s through the ingress gateway; the frontend, which the gateway calls, and a service that the frontend
calls change at the same time.

| routing | change | failed |
| --- | --- | ---: |
${failures(rounds).join('\n')}

In Endpoint routing a request whose replica has gone is sent to another one, by the sidecar that sees it first. In Subset
routing it is not: a route leads to one replica, and from the moment in which that one is about to go until every
sidecar has a table without it, the requests that name it find no endpoint.
`;
}

/** Writes the page, the picture and the figures below `directory`. Returns their paths. */
export async function writeDocs(result: BenchResult, directory: string): Promise<string[]> {
  const folders = { reference: join(directory, 'reference'), figures: join(directory, 'figures') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const files = {
    page: join(folders.reference, 'cluster.md'),
    picture: join(folders.figures, 'cluster.png'),
    json: join(folders.figures, 'cluster.json'),
  };
  const style = await resolveConfig('docs/reference/cluster.md', { editorconfig: false });
  writeFileSync(files.page, await format(clusterPage(result), { ...style, parser: 'markdown' }));
  writeFileSync(files.json, `${JSON.stringify({ name: 'cluster', ...result }, null, 2)}\n`);
  const note = 'A cluster of three small nodes with Istio, on one machine';
  writeFileSync(files.picture, renderPng(drawFigures(TITLE, note, metricsOf(result.summary))));
  return Object.values(files);
}
