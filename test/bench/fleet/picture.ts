/** What the controller costs at each size of the fleet: a panel of bars for each figure. Pure. */
import { COLOURS, sheet } from '../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label } from '../../../tools/local-mesh/report/picture/svg.ts';

const WIDTH = 1200;
const HEIGHT = 470;
const MARGIN = 40;
const GAP = 50;
const TOP = 150;
const BOTTOM = 390;
/** Part of a bar's place that it fills. */
const FILLED = 0.62;

export interface Panel {
  readonly title: string;
  /** A bar each, from the smallest fleet to the largest. */
  readonly values: readonly number[];
  readonly digits: number;
}

/** @param names below the bars of each panel */
export function drawFleet(title: string, note: string, names: readonly string[], panels: readonly Panel[]): string {
  const width = (WIDTH - 2 * MARGIN - (panels.length - 1) * GAP) / panels.length;
  const drawn = panels.map((panel, index) => drawPanel(panel, names, MARGIN + index * (width + GAP), width));
  return sheet(
    { width: WIDTH, height: HEIGHT, title, fontSize: 15 },
    label(MARGIN, 48, title, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    label(MARGIN, 78, note, { fill: COLOURS.faded }),
    ...drawn,
    label(WIDTH - MARGIN, HEIGHT - 22, 'replicas', { fill: COLOURS.faded, 'text-anchor': 'end' }),
  );
}

function drawPanel({ title, values, digits }: Panel, names: readonly string[], left: number, width: number): string {
  const top = Math.max(...values, Number.MIN_VALUE);
  const place = width / values.length;
  const bars = values.map((value, index) => {
    const middle = left + (index + 0.5) * place;
    const height = ((BOTTOM - TOP) * Math.max(0, value)) / top;
    const bar = { x: middle - (FILLED * place) / 2, y: BOTTOM - height, width: FILLED * place, height };
    return [
      element('rect', { ...bar, fill: COLOURS.ballastName }),
      label(middle, BOTTOM - height - 8, value.toFixed(digits), {
        fill: COLOURS.ink,
        'font-weight': 600,
        'text-anchor': 'middle',
      }),
      label(middle, BOTTOM + 22, names[index] ?? '', { fill: COLOURS.faded, 'text-anchor': 'middle' }),
    ].join('');
  });
  return [
    label(left, TOP - 34, title, { fill: COLOURS.ink, 'font-weight': 600 }),
    element('line', { x1: left, x2: left + width, y1: BOTTOM, y2: BOTTOM, stroke: COLOURS.grid }),
    ...bars,
  ].join('');
}
