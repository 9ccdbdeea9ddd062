/** The experiment in one picture: each request's service time above, the crowd's latency over time below. Pure. */
import { type Scale, logScale, timeScale } from '../../../tools/local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label, polyline } from '../../../tools/local-mesh/report/picture/svg.ts';
import { milliseconds } from '../../../tools/local-mesh/report/summary.ts';
import { CROWD, type Setting, nameOf } from './conditions.ts';
import { type Measured, courseOf, summaryOf } from './figures.ts';

const WIDTH = 1200;
const HEIGHT = 960;
const LEFT = 300;
const RIGHT = 1060;
const STRIPS_TOP = 120;
const ROW = 56;
const COURSE = { top: 590, bottom: 860 };
const TITLE = 'From a JPEG to a PDF: service time, and a crowd of clients';

function colourOf({ replicas, balancer }: Setting): string {
  if (replicas === 1) return COLOURS.defaultName;
  return balancer === 'ballast' ? COLOURS.ballastName : COLOURS.p50;
}

/** Position of a dot across its row: fixed for a request, and even over the row. */
function jitter(index: number): number {
  return ((index * 0.618034) % 1) - 0.5;
}

/** A dot for each request, a box from quartile to quartile, lines at the median and p99. */
function strip(measured: Measured, y: number, scale: Scale): string {
  const { setting, clients, served } = measured;
  const colour = colourOf(setting);
  const sorted = served.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
  const at = (part: number): number => scale.at(sorted[Math.floor(part * (sorted.length - 1))] ?? NaN);
  const dots = sorted.map((ms, index) =>
    element('circle', { cx: scale.at(ms), cy: y + jitter(index) * 26, r: 2, fill: colour, 'fill-opacity': 0.3 }),
  );
  const box = { x: at(0.25), y: y - 15, width: at(0.75) - at(0.25), height: 30, fill: 'none', stroke: COLOURS.ink };
  const tick = (x: number, half: number, width: number): string =>
    element('line', { x1: x, x2: x, y1: y - half, y2: y + half, stroke: COLOURS.ink, 'stroke-width': width });
  const { p50, p99 } = summaryOf(served);
  const who = `${clients} ${clients === 1 ? 'client' : 'clients'}, ${served.length} requests`;
  return [
    label(LEFT - 16, y - 2, nameOf(setting), { fill: colour, 'font-weight': 600, 'text-anchor': 'end' }),
    label(LEFT - 16, y + 15, who, { fill: COLOURS.faded, 'font-size': 12, 'text-anchor': 'end' }),
    ...dots,
    element('rect', box),
    tick(at(0.5), 15, 3),
    tick(at(0.99), 10, 1.5),
    label(RIGHT + 14, y - 2, `median ${milliseconds(p50)}`, { fill: COLOURS.ink, 'font-size': 12 }),
    label(RIGHT + 14, y + 14, `p99 ${milliseconds(p99)}`, { fill: COLOURS.ink, 'font-size': 12 }),
  ].join('');
}

function strips(measured: readonly Measured[]): string[] {
  const all = measured.flatMap(({ served }) => served.map(({ latencyMs }) => latencyMs));
  const scale = logScale(Math.min(...all), Math.max(...all), LEFT, RIGHT);
  const bottom = STRIPS_TOP + measured.length * ROW;
  const grid = scale.ticks.map((tick) => {
    const x = scale.at(tick);
    const line = { x1: x, x2: x, y1: STRIPS_TOP, y2: bottom, stroke: COLOURS.grid };
    return (
      element('line', line) + label(x, bottom + 18, String(tick), { fill: COLOURS.faded, 'text-anchor': 'middle' })
    );
  });
  const title = 'service time, ms (log scale); boxes hold the middle half';
  return [
    ...grid,
    ...measured.map((each, row) => strip(each, STRIPS_TOP + (row + 0.5) * ROW, scale)),
    label((LEFT + RIGHT) / 2, bottom + 40, title, { fill: COLOURS.faded, 'text-anchor': 'middle' }),
  ];
}

/** Median and p95 of each second under each balancer, with the neighbour's time shaded. */
function courses(crowds: readonly Measured[]): string[] {
  const time = timeScale(CROWD.seconds * 1000, LEFT, RIGHT);
  const lines = crowds.map(({ setting, served }) => ({ setting, course: courseOf(served) }));
  const values = lines.flatMap(({ course }) => course.flatMap(({ p50Ms, p95Ms }) => [p50Ms, p95Ms]));
  const scale = logScale(Math.min(...values), Math.max(...values), COURSE.bottom, COURSE.top);
  const from = time.at(CROWD.neighbourFromSeconds * 1000);
  const shade = { x: from, y: COURSE.top, width: RIGHT - from, height: COURSE.bottom - COURSE.top };
  const middle = (COURSE.top + COURSE.bottom) / 2;
  const axis = { fill: COLOURS.faded, 'text-anchor': 'middle' };
  return [
    label(LEFT, COURSE.top - 34, `${CROWD.clients} clients, 3 replicas`, { fill: COLOURS.ink, 'font-weight': 600 }),
    element('rect', { ...shade, fill: COLOURS.neighbour, 'fill-opacity': 0.08 }),
    label(from + 8, COURSE.top - 8, 'noisy neighbour on one node', { fill: COLOURS.neighbour, 'font-size': 12 }),
    ...scale.ticks.map((tick) => {
      const y = scale.at(tick);
      const line = element('line', { x1: LEFT, x2: RIGHT, y1: y, y2: y, stroke: COLOURS.grid });
      return line + label(LEFT - 10, y + 4, String(tick), { fill: COLOURS.faded, 'text-anchor': 'end' });
    }),
    ...time.ticks.map((tick) => label(time.at(tick), COURSE.bottom + 20, String(tick / 1000), axis)),
    label((LEFT + RIGHT) / 2, COURSE.bottom + 42, 'seconds', axis),
    label(236, middle, 'latency, ms (log scale)', { ...axis, transform: `rotate(-90 236 ${middle})` }),
    ...lines.flatMap(({ setting, course }, index) => courseLines(setting, course, time, scale, index)),
  ];
}

function courseLines(
  setting: Setting,
  course: ReturnType<typeof courseOf>,
  time: Scale,
  scale: Scale,
  index: number,
): string[] {
  const stroke = colourOf(setting);
  const name = setting.balancer === 'ballast' ? 'Ballast' : 'LEAST_REQUEST';
  return (['p50Ms', 'p95Ms'] as const).flatMap((figure, row) => {
    const style = { stroke, 'stroke-width': figure === 'p50Ms' ? 2.5 : 1.3 };
    const points = course.map((second) => ({ x: time.at(second.atMs + 500), y: scale.at(second[figure]) }));
    const x = LEFT + 150 + (2 * index + row) * 184;
    const y = COURSE.top - 34;
    return [
      polyline(points, time.at(3500) - time.at(0), style),
      element('line', { x1: x, x2: x + 20, y1: y - 4, y2: y - 4, ...style }),
      label(x + 26, y, `${name} ${figure.slice(0, 3)}`, { fill: COLOURS.ink, 'font-size': 12 }),
    ];
  });
}

/** `note`: one line on how it was measured. */
export function drawExperiment(note: string, measured: readonly Measured[], crowds: readonly Measured[]): string {
  return sheet(
    { width: WIDTH, height: HEIGHT, title: TITLE },
    label(40, 48, TITLE, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    label(40, 78, note, { fill: COLOURS.faded }),
    ...strips(measured),
    ...courses(crowds),
  );
}
