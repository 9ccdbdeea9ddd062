/**
 * Picture of each application's p99 with both balancers. Points, not bars, because a logarithmic scale has no zero.
 * Pure.
 */
import type { Spread } from '../../local-mesh/report/metrics.ts';
import { type Scale, logScale } from '../../local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../local-mesh/report/picture/sheet.ts';
import { element, label } from '../../local-mesh/report/picture/svg.ts';
import { milliseconds } from '../../local-mesh/report/summary.ts';
import type { ApplicationMetrics } from './figures.ts';

const WIDTH = 1200;
const LEFT = 260;
const RIGHT = 1010;
const TOP = 128;
const ROW = 84;
const LINE = 28;

const TITLE = 'p99 with a noisy pod on one node: LEAST_REQUEST and Ballast';

export function drawSurvey(figures: readonly ApplicationMetrics[], note: string): string {
  const shown = figures.flatMap(({ defaultP99Ms, ballastP99Ms }) => [defaultP99Ms, ballastP99Ms]);
  const least = Math.min(...shown.map(({ min }) => min));
  const most = Math.max(...shown.map(({ max }) => max));
  const scale = logScale(least / 2, most, LEFT, RIGHT);
  const bottom = TOP + figures.length * ROW;
  return sheet(
    { width: WIDTH, height: bottom + 64, title: TITLE, fontSize: 15 },
    label(40, 48, TITLE, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    label(40, 78, note, { fill: COLOURS.faded }),
    ...scale.ticks.map((tick) => {
      const x = scale.at(tick);
      const line = element('line', { x1: x, x2: x, y1: TOP - 10, y2: bottom, stroke: COLOURS.grid });
      return line + label(x, bottom + 22, String(tick), { fill: COLOURS.faded, 'text-anchor': 'middle' });
    }),
    label((LEFT + RIGHT) / 2, bottom + 46, 'p99, ms (log scale); lines: range of the rounds', {
      fill: COLOURS.faded,
      'text-anchor': 'middle',
    }),
    ...figures.map((each, index) => row(each, TOP + index * ROW, scale)),
  );
}

function row({ application, defaultP99Ms, ballastP99Ms }: ApplicationMetrics, top: number, scale: Scale): string {
  const name = label(LEFT - 16, top + LINE + 5, application, { fill: COLOURS.ink, 'text-anchor': 'end' });
  const first = point('LEAST_REQUEST', defaultP99Ms, { y: top + LINE / 2, fill: COLOURS.p99 }, scale);
  const second = point('Ballast', ballastP99Ms, { y: top + 1.5 * LINE, fill: COLOURS.ballastName }, scale);
  return name + first + second;
}

function point(name: string, p99Ms: Spread, { y, fill }: { y: number; fill: string }, scale: Scale): string {
  const range = { x1: scale.at(p99Ms.min), x2: scale.at(p99Ms.max), y1: y, y2: y };
  const text = `${milliseconds(p99Ms.median)}  ${name}`;
  const halo = { stroke: COLOURS.paper, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' };
  return [
    element('line', { ...range, stroke: fill, 'stroke-width': 3, 'stroke-opacity': 0.6 }),
    element('circle', { cx: scale.at(p99Ms.median), cy: y, r: 8, fill }),
    label(scale.at(p99Ms.max) + 16, y + 5, text, { fill, 'font-weight': 600, ...halo }),
  ].join('');
}
