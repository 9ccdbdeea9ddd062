/** The comparison in one picture: p99 of each balancer under each condition, and the highest rates. Pure. */
import type { Spread } from '../../../tools/local-mesh/report/metrics.ts';
import { type Scale, linearScale, logScale } from '../../../tools/local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label } from '../../../tools/local-mesh/report/picture/svg.ts';
import { shortNumber } from '../../../tools/local-mesh/report/summary.ts';
import type { ConditionFigures, RaceFigures } from './figures.ts';
import { RACE_LABELS } from './plan.ts';
import { LABELS, POLICIES, type Policy } from './policies.ts';

const WIDTH = 1200;
const LEFT = 260;
const RIGHT = 1120;
const TOP = 120;
/** Height of a balancer's line, and of the gap between groups of them. */
const LINE = 20;
const GAP = 18;
const TITLE = 'Ballast against the balancers of the same Envoy';

const POLICY_COLOURS: Readonly<Record<Policy, string>> = {
  round_robin: '#8a94a0',
  least_request: '#0072b2',
  orca_weighted: '#cc79a7',
  ballast: '#0b6e5f',
};

interface Entry {
  readonly policy: Policy;
  readonly spread: Spread;
}

interface Group {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** A dot at the median, with its value, on a line from least to most. */
function mark({ policy, spread }: Entry, y: number, scale: Scale, show: (value: number) => string): string {
  const colour = POLICY_COLOURS[policy];
  const [from, at, to] = [scale.at(spread.min), scale.at(spread.median), scale.at(spread.max)];
  const bar = { x1: from, x2: to, y1: y, y2: y, stroke: colour, 'stroke-width': 4, 'stroke-opacity': 0.35 };
  const style = { fill: colour, 'font-size': 12, 'font-weight': policy === 'ballast' ? 700 : 400 };
  return [
    element('line', { ...bar, 'stroke-linecap': 'round' }),
    element('circle', { cx: at, cy: y, r: policy === 'ballast' ? 6 : 5, fill: colour }),
    label(Math.max(at, to) + 10, y + 4, show(spread.median), style),
  ].join('');
}

/** Groups below each other from `top` on. Their height is `heightOf`. */
function panel(groups: readonly Group[], top: number, scale: Scale, show: (value: number) => string): string {
  const bottom = top + heightOf(groups);
  const grid = scale.ticks.map((tick) => {
    const x = scale.at(tick);
    const line = { x1: x, x2: x, y1: top, y2: bottom, stroke: COLOURS.grid, 'stroke-width': 1 };
    const style = { fill: COLOURS.faded, 'font-size': 12, 'text-anchor': 'middle' };
    return element('line', line) + label(x, bottom + 18, String(tick), style);
  });
  let y = top + GAP / 2;
  const rows = groups.map(({ name, entries }) => {
    const middle = y + (entries.length * LINE) / 2 + 4;
    const text = label(LEFT - 20, middle, name, { fill: COLOURS.ink, 'font-weight': 600, 'text-anchor': 'end' });
    const marks = entries.map((entry, index) => mark(entry, y + (index + 0.5) * LINE, scale, show));
    y += entries.length * LINE + GAP;
    return text + marks.join('');
  });
  return [...grid, ...rows].join('\n');
}

function heightOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { entries }) => sum + entries.length * LINE + GAP, 0);
}

function legend(): string {
  let x = LEFT;
  return POLICIES.map((policy) => {
    const [at, colour] = [x, POLICY_COLOURS[policy]];
    x += 40 + LABELS[policy].length * 7.4;
    const dot = element('circle', { cx: at + 6, cy: 76, r: 5, fill: colour });
    return dot + label(at + 18, 80, LABELS[policy], { fill: COLOURS.ink, 'font-size': 13 });
  }).join('');
}

function heading(text: string, y: number): string {
  return label(LEFT, y, text, { fill: COLOURS.faded, 'font-size': 13 });
}

/** An SVG, 1200 wide; `labelOf` names a condition. */
export function drawPolicies(
  figures: readonly ConditionFigures[],
  races: readonly RaceFigures[],
  labelOf: (condition: string) => string,
): string {
  const latencies = figures.map(({ condition, policies }): Group => {
    return { name: labelOf(condition), entries: policies.map(({ policy, p99Ms }) => ({ policy, spread: p99Ms })) };
  });
  const highest = races.map(({ race, rates }): Group => {
    return { name: RACE_LABELS[race], entries: rates.map(({ policy, rate }) => ({ policy, spread: rate })) };
  });
  const bounds = latencies.flatMap(({ entries }) => entries.flatMap(({ spread }) => [spread.min, spread.max]));
  const time = logScale(Math.max(0.1, Math.min(10, ...bounds)), Math.max(100, ...bounds), LEFT, RIGHT);
  const most = Math.max(100, ...races.flatMap(({ rates }) => rates.map(({ rate }) => rate.max)));
  const step = [20, 50, 100, 200, 500, 1000].find((size) => most / size <= 8) ?? most;
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: top / step + 1 }, (_, index) => index * step);
  const second = TOP + heightOf(latencies) + 80;
  const height = races.length === 0 ? second - 30 : second + heightOf(highest) + 50;
  return sheet(
    { width: WIDTH, height, title: TITLE },
    label(LEFT, 44, TITLE, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    legend(),
    heading('p99, ms (log scale): median of the rounds and their range', TOP - 10),
    panel(latencies, TOP, time, shortNumber),
    ...(races.length === 0
      ? []
      : [
          heading('highest rate with p99 below 100 ms, requests/s', second - 10),
          panel(highest, second, linearScale(0, top, LEFT, RIGHT, ticks), (rate) => rate.toFixed(0)),
        ]),
  );
}
