/** All workloads in one picture: tail latencies of every policy over the oracle's. Pure. */
import { type Scale, logScale } from '../../../../tools/local-mesh/report/picture/scale.ts';
import { COLOURS, sheet } from '../../../../tools/local-mesh/report/picture/sheet.ts';
import { element, label } from '../../../../tools/local-mesh/report/picture/svg.ts';
import { type Row, meanOf } from './comparison.ts';

const WIDTH = 1200;
const LINE = 34;
const TOP = 150;
/** From left to right of each panel. */
const PANELS = { p99: [190, 660], p999: [710, 1180] } as const;
const TITLES = { p99: 'p99 / oracle', p999: 'p99.9 / oracle' } as const;
const TITLE = 'Simulated fleets: how far the tail is from what is possible';
/** Distinct for the colour-blind (Okabe and Ito); Ballast has the project's colour. */
const PALETTE = ['#9aa4af', '#56b4e9', '#cc79a7', '#e69f00', '#0072b2', '#d55e00', '#7c3aed'];

type Figure = keyof typeof PANELS;

interface Series {
  readonly policy: string;
  readonly colour: string;
  readonly isOurs: boolean;
}

function seriesOf(rows: readonly Row[], ours: string, oracle: string): Series[] {
  const rivals = [...new Set(rows.map(({ policy }) => policy))].filter(
    (policy) => policy !== ours && policy !== oracle,
  );
  return [
    ...rivals.map((policy, index) => ({ policy, colour: PALETTE[index % PALETTE.length] ?? '', isOurs: false })),
    { policy: ours, colour: COLOURS.ballastName, isOurs: true },
  ];
}

function dot({ colour, isOurs }: Series, cx: number, cy: number): string {
  if (!isOurs) return element('circle', { cx, cy, r: 5, fill: colour, 'fill-opacity': 0.85 });
  return element('rect', { x: cx - 2.5, y: cy - 12, width: 5, height: 24, rx: 2, fill: colour });
}

/** One line per workload. A policy without a row there has no dot. */
function panel(rows: readonly Row[], series: readonly Series[], oracle: string, figure: Figure, scale: Scale): string {
  const workloads = [...Map.groupBy(rows, ({ workload }) => workload)];
  const [left, right] = PANELS[figure];
  const bottom = TOP + workloads.length * LINE;
  const grid = scale.ticks.map((tick) => {
    const x = scale.at(tick);
    const style = { fill: COLOURS.faded, 'font-size': 12, 'text-anchor': 'middle' };
    const line = { x1: x, x2: x, y1: TOP, y2: bottom, stroke: COLOURS.grid, 'stroke-width': 1 };
    return element('line', line) + label(x, bottom + 18, String(tick), style);
  });
  const lines = workloads.map(([, group], index) => {
    const y = TOP + (index + 0.5) * LINE;
    const bound = group.find(({ policy }) => policy === oracle);
    if (bound === undefined) return '';
    const track = { x1: left, x2: right, y1: y, y2: y, stroke: COLOURS.grid, 'stroke-width': 1 };
    const dots = series.map((one) => {
      const row = group.find(({ policy }) => policy === one.policy);
      return row === undefined ? '' : dot(one, scale.at(meanOf(row, figure) / meanOf(bound, figure)), y);
    });
    return element('line', track) + dots.join('');
  });
  const heading = label(left, TOP - 14, TITLES[figure], { fill: COLOURS.ink, 'font-size': 14, 'font-weight': 600 });
  return [heading, ...grid, ...lines].join('');
}

function legend(series: readonly Series[]): string {
  let x = 40;
  return series
    .map((one) => {
      const at = x;
      x += 36 + one.policy.length * 8;
      return dot(one, at, 90) + label(at + 12, 94, one.policy, { fill: COLOURS.ink, 'font-size': 13 });
    })
    .join('');
}

/** An SVG, 1200 wide. Workloads that the oracle did not run have no dots. */
export function drawComparison(rows: readonly Row[], ours: string, oracle: string): string {
  const series = seriesOf(rows, ours, oracle);
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const height = TOP + workloads.length * LINE + 50;
  const names = workloads.map((workload, index) => {
    const style = { fill: COLOURS.ink, 'text-anchor': 'end', 'font-weight': 600 };
    return label(PANELS.p99[0] - 20, TOP + (index + 0.5) * LINE + 4, workload, style);
  });
  const note = 'Log scale; the further left, the better. Failed requests count as the timeout, 5 s.';
  return sheet(
    { width: WIDTH, height, title: TITLE },
    label(40, 40, TITLE, { fill: COLOURS.ink, 'font-size': 22, 'font-weight': 700 }),
    label(40, 64, note, { fill: COLOURS.faded, 'font-size': 13 }),
    legend(series),
    ...names,
    panel(rows, series, oracle, 'p99', logScale(1, 100, ...PANELS.p99)),
    panel(rows, series, oracle, 'p999', logScale(1, 100, ...PANELS.p999)),
  );
}
