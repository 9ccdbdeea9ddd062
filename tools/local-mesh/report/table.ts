/** The metrics as a table for a terminal. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { metricsOf, type PhaseMetrics, type Spread } from './metrics.ts';
import type { MeasuredRun } from './phases.ts';
import { shortNumber } from './summary.ts';

type Colours = Pick<typeof pc, 'bold' | 'dim' | 'red'>;

/** One row per kind of phase: medians over the rounds, with ranges below. */
export function metricsTable(run: MeasuredRun, colours: Colours = pc): string {
  const table = new Table({
    head: [
      'neighbour',
      'balancer',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'failed',
      'busiest node',
      'mean node',
      'rounds',
    ].map((title) => colours.bold(title)),
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const kind of metricsOf(run)) table.push(row(kind, colours));
  return table.toString();
}

function row(kind: PhaseMetrics, colours: Colours): string[] {
  const cell = (spread: Spread | undefined, show: (value: number) => string): string => {
    if (!spread) return '–';
    const range = kind.rounds === 1 ? '' : `\n${colours.dim(`${show(spread.min)}..${show(spread.max)}`)}`;
    return show(spread.median) + range;
  };
  const percent = (utilisation: number): string => `${Math.round(utilisation * 100)} %`;
  return [
    kind.neighbour ? 'on' : 'off',
    kind.name === 'ballast' ? colours.bold('Ballast') : 'LEAST_REQUEST',
    cell(kind.p50Ms, shortNumber),
    cell(kind.p99Ms, shortNumber),
    cell(kind.p999Ms, shortNumber),
    `${kind.failed === 0 ? '0' : colours.red(String(kind.failed))}\n${colours.dim(`of ${kind.requests}`)}`,
    cell(kind.busiestNode, percent),
    cell(kind.meanNode, percent),
    String(kind.rounds),
  ];
}
