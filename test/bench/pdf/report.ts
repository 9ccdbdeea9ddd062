/** The page and the picture of what was measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import type { BenchResult } from '../support/bench.ts';
import { CLIENT_COUNTS, CROWD, NEIGHBOUR_PART, REQUESTS_PER_CLIENT, nameOf } from './conditions.ts';
import { type Measured, courseOf } from './figures.ts';
import { drawExperiment } from './picture.ts';

/** Everything that a whole run measured. */
export interface Experiment {
  readonly result: BenchResult;
  readonly distributions: readonly Measured[];
  readonly crowds: readonly Measured[];
}

const COLUMNS = ['mean_ms', 'p50_ms', 'p90_ms', 'p99_ms', 'max_ms', 'requests_per_second'] as const;

/** The figures of ten clients in sentences. */
function judgement(rounds: BenchResult['rounds']): string {
  const meanOf = (setting: string, clients: number): number =>
    Number(rounds.find((round) => round['setting'] === setting && round['clients'] === clients)?.['mean_ms']);
  const [alone, queued] = [meanOf('1 replica', 1), meanOf('1 replica', 10)];
  const spread = meanOf('3 replicas, Ballast', 10);
  const waiting = (1 - alone / queued) * 100;
  return `On average a PDF takes ${alone.toFixed(0)} ms from one replica that one client has to itself, and ${queued.toFixed(0)} ms
where ten clients share it: ${waiting.toFixed(0)} % of that is waiting behind others, since a replica converts one picture at a time.
Three replicas bring the average of ten clients to ${spread.toFixed(0)} ms, ${(spread / queued).toFixed(2)} of that.
Each node's CPU is limited, so more clients make each wait longer and do not make more PDFs.`;
}

function table(rounds: BenchResult['rounds']): string {
  const rows = rounds.map((round) => {
    const figures = COLUMNS.map((column) => Number(round[column]).toFixed(1));
    const share = `${(100 * Number(round['busiest_replica_share'])).toFixed(0)} %`;
    return `| ${[round['setting'], round['clients'], round['neighbour'], round['requests'], ...figures, share].join(' | ')} |`;
  });
  return [
    '| setting | clients | neighbour | requests | mean, ms | median, ms | p90, ms | p99, ms | slowest, ms | requests/s | busiest replica |',
    '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

/** The page in docs, made from the figures beside it. */
export async function experimentPage({ rounds, summary }: BenchResult): Promise<string> {
  const figure = (name: string, digits = 2): string => (summary[name] ?? NaN).toFixed(digits);
  const crowd = rounds.filter(({ clients }) => clients === CROWD.clients);
  const text = `# How long a PDF takes

\`npm run bench -- pdf\` measures this and writes this page.

[The converter](../../apps/pdf-converter/README.md) runs on the local mesh: real Envoys with the plugin, each replica with
its sidecar on a node of its own that has ${figure('node_cores')} cores. Clients come in at the gateway. Each sends the picture
of the mix \`pdf-converter\`, waits for the PDF, and sends it again (a closed loop): what it sees is the service time,
waiting behind the others included. A replica converts one picture at a time.
Other programs took ${figure('others_cores')} of the machine's cores meanwhile.

## Service time

${REQUESTS_PER_CLIENT} requests of each client, for ${CLIENT_COUNTS.join(' and ')} clients.

${table(rounds.filter(({ clients }) => clients !== CROWD.clients))}

${judgement(rounds)}

Three replicas behind Ballast answer ${figure('throughput_3_over_1')} times as many requests of ten clients as one does.

## A crowd

${CROWD.clients} clients for ${CROWD.seconds} s, with three replicas. From second ${CROWD.neighbourFromSeconds} on a
neighbour takes ${100 * NEIGHBOUR_PART} % of the CPU of one node. On a cluster,
\`kubectl apply -k istio-configs/pdf-converter/load-job\` runs as many clients for two minutes.

${table(crowd)}

With the neighbour, Ballast's p99 over LEAST_REQUEST's is ${figure('p99_crowd_neighbour_ratio')}, and its requests/s over
LEAST_REQUEST's are ${figure('throughput_crowd_neighbour_ratio')}, in one run.

![Service time of each request, and latency over time](../figures/pdf.png)
`;
  return format(text, { ...(await resolveConfig(import.meta.filename)), parser: 'markdown' });
}

/** Writes the page, the picture and the figures below `directory`. Returns their paths. */
export async function writeDocs({ result, distributions, crowds }: Experiment, directory: string): Promise<string[]> {
  const folders = { reference: join(directory, 'reference'), figures: join(directory, 'figures') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const files = {
    page: join(folders.reference, 'pdf-experiment.md'),
    picture: join(folders.figures, 'pdf.png'),
    json: join(folders.figures, 'pdf.json'),
  };
  writeFileSync(files.page, await experimentPage(result));
  const course = Object.fromEntries(crowds.map(({ setting, served }) => [nameOf(setting), courseOf(served)]));
  writeFileSync(files.json, `${JSON.stringify({ name: 'pdf', ...result, course }, null, 2)}\n`);
  const cores = (result.summary['node_cores'] ?? NaN).toFixed(2);
  const note = `Local mesh of real Envoys; each replica on a node of ${cores} cores, one conversion at a time`;
  writeFileSync(files.picture, renderPng(drawExperiment(note, distributions, crowds)));
  return Object.values(files);
}
