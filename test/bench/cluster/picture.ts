/** A bar for each figure with a limit: how much of the limit is used. Pure. */
import { linearScale } from '../../../tools/local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label } from '../../../tools/local-mesh/report/picture/svg.ts';
import { shortNumber } from '../../../tools/local-mesh/report/summary.ts';
import type { Figure } from './figures.ts';

const WIDTH = 1200;
const LEFT = 460;
const RIGHT = 980;
const TOP = 110;
const ROW = 42;
const BAR = 22;

export function show({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  const number = Number.isInteger(value) ? String(value) : shortNumber(value);
  return unit === '' ? number : `${number} ${unit}`;
}

export function drawFigures(title: string, note: string, figures: readonly Figure[]): string {
  const rows = figures.flatMap(({ limit, ...figure }) =>
    limit === undefined || limit === 0 ? [] : [{ ...figure, limit, part: figure.value / limit }],
  );
  const most = Math.max(1.1, ...rows.map(({ part }) => part));
  const scale = linearScale(0, most, LEFT, RIGHT, []);
  const bottom = TOP + rows.length * ROW;
  const end = scale.at(1);
  const bars = rows.map(({ part, limit, ...figure }, index) => {
    const y = TOP + index * ROW + (ROW - BAR) / 2;
    const middle = y + BAR / 2 + 5;
    const fill = part <= 1 ? COLOURS.ballastName : COLOURS.p99;
    const text = `${show(figure)} of ${limit}`;
    return [
      label(LEFT - 14, middle, figure.label, { fill: COLOURS.ink, 'text-anchor': 'end' }),
      element('rect', { x: LEFT, y, width: scale.at(part) - LEFT, height: BAR, fill }),
      label(Math.max(end, scale.at(part)) + 12, middle, text, { fill: COLOURS.ink, 'font-weight': 600 }),
    ].join('');
  });
  return sheet(
    { width: WIDTH, height: bottom + 50, title, fontSize: 15 },
    label(40, 48, title, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    label(40, 78, note, { fill: COLOURS.faded }),
    ...bars,
    element('line', { x1: end, x2: end, y1: TOP - 6, y2: bottom + 6, stroke: COLOURS.ink, 'stroke-dasharray': '3 4' }),
    label(end, bottom + 26, 'limit', { fill: COLOURS.faded, 'text-anchor': 'middle' }),
  );
}
