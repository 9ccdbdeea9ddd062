/** CPU time per request of each variant, as bars with the quartiles over the rounds. Pure. */
import { linearScale } from '../../../tools/local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label } from '../../../tools/local-mesh/report/picture/svg.ts';
import type { Quartiles } from './figures.ts';

const WIDTH = 1200;
const LEFT = 440;
const RIGHT = 1060;
const TOP = 110;
const ROW = 42;
const BAR = 24;

export interface Bar {
  readonly label: string;
  /** Microseconds. */
  readonly cost: Quartiles;
  readonly ours: boolean;
}

export function drawCosts(title: string, note: string, bars: readonly Bar[]): string {
  const top = Math.ceil(Math.max(...bars.map(({ cost }) => cost.third)) / 20) * 20;
  const ticks = Array.from({ length: top / 20 + 1 }, (_, i) => i * 20);
  const scale = linearScale(0, top, LEFT, RIGHT, ticks);
  const bottom = TOP + bars.length * ROW;
  const height = bottom + 60;
  const grid = ticks.map((tick) => {
    const x = scale.at(tick);
    const line = element('line', { x1: x, x2: x, y1: TOP, y2: bottom, stroke: COLOURS.grid });
    return line + label(x, bottom + 22, String(tick), { fill: COLOURS.faded, 'text-anchor': 'middle' });
  });
  const rows = bars.map(({ label: name, cost, ours }, i) => {
    const y = TOP + i * ROW + (ROW - BAR) / 2;
    const middle = y + BAR / 2;
    const fill = ours ? COLOURS.ballastName : COLOURS.grid;
    const whisker = { stroke: COLOURS.ink, 'stroke-width': 1.5, y1: middle, y2: middle };
    return [
      label(LEFT - 14, middle + 5, name, { fill: COLOURS.ink, 'text-anchor': 'end' }),
      element('rect', { x: LEFT, y, width: scale.at(cost.median) - LEFT, height: BAR, fill }),
      element('line', { x1: scale.at(cost.first), x2: scale.at(cost.third), ...whisker }),
      label(scale.at(cost.third) + 10, middle + 5, cost.median.toFixed(1), { fill: COLOURS.ink, 'font-weight': 600 }),
    ].join('');
  });
  return sheet(
    { width: WIDTH, height, title, fontSize: 15 },
    label(40, 48, title, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    label(40, 78, note, { fill: COLOURS.faded }),
    ...grid,
    ...rows,
    label(RIGHT, bottom + 46, 'CPU time per request, µs', { fill: COLOURS.faded, 'text-anchor': 'end' }),
  );
}
