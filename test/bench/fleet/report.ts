/** The page and the picture of what was measured. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import type { BenchResult, Round } from '../support/bench.ts';
import { drawFleet } from './picture.ts';

const TITLE = 'One controller and a fleet';
const PAGE = 'docs/reference/fleet.md';
const PICTURE = 'docs/figures/fleet.png';

/** Figures of five sizes, and of this version beside an older one. */
export type FleetRun = 'fleet' | 'fleet-against';

const COLUMNS: readonly (readonly [figure: string, title: string, digits: number])[] = [
  ['controller_cores', 'cores', 2],
  ['controller_mb', 'MB', 0],
  ['decision_ms', 'decision, ms', 1],
  ['interval_p99_ms', 'between decisions, p99 ms', 0],
  ['reaction_p50_ms', 'reaction, p50 ms', 0],
  ['reaction_p99_ms', 'p99 ms', 0],
  ['in_mb_per_s', 'MB/s in', 2],
  ['out_mb_per_s', 'MB/s out', 2],
  ['refused', 'refused', 0],
];

const COMPARED: readonly (readonly [name: string, figure: string, digits: number])[] = [
  ['bytes to the agents, MB/s', 'out_mb_per_s', 2],
  ['bytes from the agents, MB/s', 'in_mb_per_s', 2],
  ["controller's CPU, cores", 'controller_cores', 2],
  ["controller's memory, MB", 'controller_mb', 0],
  ['reports refused, connections lost', 'refused', 0],
  ['between decisions, p99 ms', 'interval_p99_ms', 0],
];

const text = (round: Readonly<Record<string, number | string>>, figure: string, digits: number): string =>
  Number(round[figure] ?? NaN).toFixed(digits);

const count = (value: number | string | undefined): string => Number(value).toLocaleString('en-US');

export function fleetPage({ rounds }: BenchResult, against?: BenchResult): string {
  const rows = rounds.map((round) => {
    const cells = COLUMNS.map(([figure, , digits]) => text(round, figure, digits));
    return `| ${count(round['nodes'])} | ${count(round['replicas'])} | ${count(round['services'])} | ${cells.join(' | ')} |`;
  });
  const seconds = Math.round(Number(rounds[0]?.['seconds'] ?? NaN));
  return `# ${TITLE}

\`npm run bench -- fleet --sizes --docs\` measures this and writes this page.

The controller runs as its image has it: one process, with the image's flags of Node, on the first core of the machine. All
agents of the fleet listen and report four times a second. They are processes on the other core that speak as agents do:
ten replicas on each node, twenty replicas of each service, and each pod calls three services. Loads swing by 30 %, each
service with a period of its own; every third node has a neighbour that comes and goes every twenty seconds; every sample
has 20 % noise. What is served does not follow the weights, so the controller never comes to rest. Each size is measured
for ${seconds} s after 30 s in which the controller learns.

| nodes | replicas | services | ${COLUMNS.map(([, title]) => title).join(' | ')} |
| ---: | ---: | ---: | ${COLUMNS.map(() => '---:').join(' | ')} |
${rows.join('\n')}

![CPU, memory and bytes of the controller at each size](../figures/fleet.png)

- _Cores_ and _MB_ are those of the controller: CPU time over time, and the largest resident memory that was seen.
- _Reaction_ is the time from the beat on which the agents write their reports until an agent that holds the service has
  read the weights decided on them. 50 ms of it are what the controller waits for reports to arrive.
- _Out_ is what all agents together are sent, _in_ is what they report.
- _Refused_ counts refused reports and lost connections.
- The heap is limited as Node limits it in a container with 512 MiB. Where decisions come later than every 250 ms, one
  core of this machine is too slow for the fleet: a larger \`--tick-ms\` makes decisions rarer.
${against === undefined ? '' : comparison(against)}`;
}

function comparison({ summary }: BenchResult): string {
  const compared = COMPARED.map(([name, figure, digits]) => {
    const [old, current] = [Number(summary[`old_${figure}`]), Number(summary[figure])];
    const ratio = current > 0 ? (old / current).toFixed(1) : '';
    return `| ${name} | ${old.toFixed(digits)} | ${current.toFixed(digits)} | ${ratio} |`;
  });
  return `
## Beside the version before

\`npm run bench -- fleet --nodes ${summary['nodes']} --replicas ${summary['replicas']} --services ${summary['services']} --against 5eb2ea2 --docs\` runs the two versions under the same fleet of
${count(summary['nodes'])} nodes, ${count(summary['replicas'])} replicas and ${count(summary['services'])} services, in turns, two runs of each. That version sent each agent the table of the whole fleet.

| mean of two runs | before | now | ratio |
| --- | ---: | ---: | ---: |
${compared.join('\n')}
`;
}

const jsonOf = (run: FleetRun): string => `docs/figures/${run}.json`;

function saved(run: FleetRun): BenchResult | undefined {
  const file = jsonOf(run);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BenchResult) : undefined;
}

function picture(rounds: readonly Round[]): string {
  const values = (figure: string): number[] => rounds.map((round) => Number(round[figure]));
  return drawFleet(
    TITLE,
    'One process on one core; every agent listens and reports four times a second',
    rounds.map((round) => count(round['replicas'])),
    [
      { title: 'CPU, cores', values: values('controller_cores'), digits: 2 },
      { title: 'memory, MB', values: values('controller_mb'), digits: 0 },
      { title: 'to all agents, MB/s', values: values('out_mb_per_s'), digits: 2 },
    ],
  );
}

/** Writes figures, page and picture below `docs`; returns their paths. */
export async function writeDocs(run: FleetRun, result: BenchResult): Promise<string[]> {
  writeFileSync(jsonOf(run), `${JSON.stringify({ name: run, ...result }, null, 2)}\n`);
  const sizes = saved('fleet') ?? { rounds: [], summary: {} };
  const style = await resolveConfig(PAGE);
  writeFileSync(PAGE, await format(fleetPage(sizes, saved('fleet-against')), { ...style, parser: 'markdown' }));
  if (run === 'fleet') writeFileSync(PICTURE, renderPng(picture(sizes.rounds)));
  return [jsonOf(run), PAGE, PICTURE];
}
