/** The two panels of the picture. */
import type { MeasuredRun } from '../phases.ts';
import { milliseconds, shortNumber } from '../summary.ts';
import { smooth } from './bands.ts';
import { type Scale, linearScale, logScale } from './scale.ts';
import { type Point, element, label, polyline } from './svg.ts';
import { COLOURS, CPU, LATENCY, LEFT, RIGHT } from './sheet.ts';

/** p50 and p99 of each second on a logarithmic scale, and a labelled bar for each phase's p99. */
export function latencyPanel(run: MeasuredRun, time: Scale): string {
  const values = [
    ...run.latency.flatMap((point) => [point.p50Ms, point.p99Ms]),
    ...run.phases.flatMap((phase) => [phase.latency.p50Ms, phase.latency.p99Ms]),
  ].filter((value) => value > 0 && value < Infinity);
  const scale = logScale(
    values.length === 0 ? 1 : Math.min(...values),
    values.length === 0 ? 100 : Math.max(...values),
    LATENCY.bottom,
    LATENCY.top + 22,
  );
  const line = (value: (point: MeasuredRun['latency'][number]) => number): Point[] =>
    run.latency.map((point) => ({ x: time.at(point.atMs), y: scale.at(value(point)) }));
  const gap = time.at(3500) - time.at(0);
  return [
    grid(scale, (value) => (value < 1 ? shortNumber(value).replace(/0+$/, '') : String(value))),
    axisTitle('latency, ms (log scale)', (LATENCY.top + LATENCY.bottom) / 2),
    polyline(
      line((point) => point.p50Ms),
      gap,
      { stroke: COLOURS.p50, 'stroke-width': 2 },
    ),
    polyline(
      line((point) => point.p99Ms),
      gap,
      { stroke: COLOURS.p99, 'stroke-width': 1.4, 'stroke-opacity': 0.6 },
    ),
    ...run.phases.map((phase) => {
      const from = time.at(phase.startMs);
      const to = time.at(phase.endMs);
      const y = scale.at(phase.latency.p99Ms);
      const bar = { x1: from + 2, x2: to - 2, y1: y, y2: y, stroke: COLOURS.p99, 'stroke-width': 3.5 };
      const halo = { stroke: COLOURS.paper, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' };
      const text = to - from >= 62 ? milliseconds(phase.latency.p99Ms) : shortNumber(phase.latency.p99Ms);
      const style = { fill: COLOURS.p99, 'font-weight': 600, 'font-size': 13, 'text-anchor': 'middle', ...halo };
      return element('line', bar) + (to - from < 24 ? '' : label((from + to) / 2, y - 8, text, style));
    }),
    legend([
      { name: 'p50', colour: COLOURS.p50, width: 2, y: LATENCY.top + 40 },
      { name: 'p99', colour: COLOURS.p99, width: 1.4, y: LATENCY.top + 62 },
      { name: 'p99, phase', colour: COLOURS.p99, width: 3.5, y: LATENCY.top + 84 },
    ]),
  ].join('\n');
}

/** CPU of each node as means over a second. The line of the neighbour's node is heavier. */
export function cpuPanel(run: MeasuredRun, time: Scale): string {
  const peak = Math.max(
    1,
    ...run.nodes.flatMap((node) => smooth(node.points, (p) => p.utilisation, 1000)).map((p) => p.value),
  );
  const top = Math.min(2, Math.ceil(peak * 10) / 10);
  const scale = linearScale(0, top, CPU.bottom, CPU.top, [0, 0.25, 0.5, 0.75, 1]);
  const gap = time.at(3500) - time.at(0);
  const rows = run.nodes.map((node, index) => ({
    name: node.node,
    colour: COLOURS.nodes[index % COLOURS.nodes.length] ?? COLOURS.ink,
    width: node.node === run.neighbourNode ? 3 : 1.6,
    points: smooth(node.points, (point) => point.utilisation, 1000),
  }));
  return [
    grid(scale, (value) => `${value * 100} %`),
    axisTitle('CPU of each node', (CPU.top + CPU.bottom) / 2),
    ...rows
      .toSorted((a, b) => a.width - b.width)
      .map(({ colour, width, points }) =>
        polyline(
          points.map((point) => ({ x: time.at(point.atMs), y: scale.at(point.value) })),
          gap,
          { stroke: colour, 'stroke-width': width },
        ),
      ),
    legend(
      rows.map((row, index) => ({
        ...row,
        name: row.name === run.neighbourNode ? `${row.name} + neighbour` : row.name,
        y: CPU.top + 14 + index * 22,
      })),
    ),
  ].join('\n');
}

function grid(scale: Scale, show: (value: number) => string): string {
  return scale.ticks
    .map((tick) => {
      const y = scale.at(tick);
      const line = element('line', { x1: LEFT, x2: RIGHT, y1: y, y2: y, stroke: COLOURS.grid, 'stroke-width': 1 });
      return line + label(LEFT - 10, y + 4.5, show(tick), { fill: COLOURS.faded, 'text-anchor': 'end' });
    })
    .join('\n');
}

function axisTitle(text: string, middle: number): string {
  const style = { fill: COLOURS.faded, 'text-anchor': 'middle', transform: `rotate(-90 22 ${middle})` };
  return label(22, middle, text, style);
}

interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly width: number;
  readonly y: number;
}

function legend(entries: readonly LegendEntry[]): string {
  return entries
    .map(({ name, colour, width, y }) => {
      const line = { x1: RIGHT + 12, x2: RIGHT + 30, y1: y - 4.5, y2: y - 4.5, stroke: colour, 'stroke-width': width };
      return element('line', line) + label(RIGHT + 36, y, name, { fill: COLOURS.ink, 'font-size': 12 });
    })
    .join('\n');
}
