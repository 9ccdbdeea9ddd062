/** docs/reference/simulate.md, made of the figures that `npm run bench -- simulate --write docs/figures` keeps. */
export interface SimulateFigures {
  readonly rounds: readonly {
    readonly workload: string;
    readonly policy: string;
    readonly p50_ms?: number;
    readonly p99_ms?: number;
    readonly p999_ms?: number;
    readonly failed_percent?: number;
  }[];
  readonly summary: { readonly seeds: number; readonly requests: number };
}

type Figure = 'p50_ms' | 'p99_ms' | 'p999_ms' | 'failed_percent';

/** The rows that say where Ballast compares worst are no measurement. */
function measured({ rounds }: SimulateFigures): SimulateFigures['rounds'] {
  return rounds.filter(({ p50_ms: p50 }) => p50 !== undefined);
}

export interface FigureTable {
  readonly policies: readonly string[];
  readonly rows: readonly { readonly workload: string; readonly values: readonly (number | undefined)[] }[];
}

/** One figure of each workload under each policy. */
export function figureTable(figures: SimulateFigures, figure: Figure): FigureTable {
  const all = measured(figures);
  const policies = [...new Set(all.map(({ policy }) => policy))];
  const workloads = [...new Set(all.map(({ workload }) => workload))];
  const valueOf = (workload: string, policy: string) =>
    all.find((round) => round.workload === workload && round.policy === policy)?.[figure];
  const rows = workloads.map((workload) => ({ workload, values: policies.map((policy) => valueOf(workload, policy)) }));
  return { policies, rows };
}

function tableText({ policies, rows }: FigureTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['workload', ...policies]),
    line(['---', ...policies.map(() => '---:')]),
    ...rows.map(({ workload, values }) => line([workload, ...values.map((value) => String(value ?? '–'))])),
  ].join('\n');
}

/** @param about what each workload is, by its name */
export function simulatePage(figures: SimulateFigures, about: ReadonlyMap<string, string>): string {
  const { seeds, requests } = figures.summary;
  const section = (title: string, figure: Figure): string[] => [title, tableText(figureTable(figures, figure))];
  return [
    '<!-- Made from docs/figures/simulate.json by test/docs/simulate-page.ts. -->',
    '# Balancers in simulated fleets',
    `\`npm run bench -- simulate --seeds ${seeds} --write docs/figures\` measured this: ${requests} requests, ${seeds} seeds.`,
    `Ballast is the decision code and the compiled plugin that ship, in virtual time. All policies meet the same requests.
A caller gives up after 5 s, and a request that failed counts as one that took 5 s. The oracle knows all queues at
every moment: it is a bound, not a balancer. What the others are, and by which publications:
[policies](../../test/bench/simulate/policies); in words: [comparison](../guide/comparison.md).`,
    '![Tail of every balancer over the oracle’s, by workload](../figures/simulate.png)',
    ...section('## p99, ms', 'p99_ms'),
    ...section('## p99.9, ms', 'p999_ms'),
    ...section('## p50, ms', 'p50_ms'),
    ...section('## Failed, %', 'failed_percent'),
    '## Workloads',
    ['| workload | |', '| --- | --- |', ...[...about].map(([name, text]) => `| ${name} | ${text} |`)].join('\n'),
  ].join('\n\n');
}
