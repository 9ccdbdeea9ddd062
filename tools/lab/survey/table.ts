/** The survey as a table for a terminal, with a line per application. Pure. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { Spread } from '../../local-mesh/report/metrics.ts';
import { shortNumber } from '../../local-mesh/report/summary.ts';
import type { ApplicationMetrics } from './figures.ts';

type Colours = Pick<typeof pc, 'bold' | 'dim' | 'red'>;

const HEAD = [
  'application',
  'requests/s',
  'CPU ms each',
  'p99 ms, LEAST_REQUEST',
  'p99 ms, Ballast',
  'ratio',
  'failed',
] as const;

/** Medians over the rounds, with ranges below. `failed` is LEAST_REQUEST's, then Ballast's. */
export function surveyTable(figures: readonly ApplicationMetrics[], colours: Colours = pc): string {
  const table = new Table({
    head: HEAD.map((title) => colours.bold(title)),
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const range = ({ median, min, max }: Spread): string =>
    `${shortNumber(median)}\n${colours.dim(`${shortNumber(min)}..${shortNumber(max)}`)}`;
  const count = (failed: number): string => (failed === 0 ? '0' : colours.red(String(failed)));
  for (const each of figures) {
    table.push([
      each.application,
      String(each.rate),
      each.requestCpuMs === null ? '–' : shortNumber(each.requestCpuMs),
      range(each.defaultP99Ms),
      range(each.ballastP99Ms),
      each.p99Ratio.toFixed(2),
      `${count(each.failedDefault)}, ${count(each.failedBallast)}\n${colours.dim(`of ${each.requests}`)}`,
    ]);
  }
  return table.toString();
}
