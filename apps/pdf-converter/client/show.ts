/** The distribution as text and as an SVG. Pure. */
import { type Bin, binsOf, type Distribution, distributionOf, judge } from './distribution.ts';
import type { Sent } from './send-pictures.ts';

const TEXT_BINS = 12;
const BAR = 40;

const milliseconds = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));

function bar({ fromMs, toMs, count }: Bin, most: number): string {
  const range = `${milliseconds(fromMs).padStart(7)} .. ${milliseconds(toMs).padStart(7)} ms`;
  return `${range} ${String(count).padStart(6)} ${'█'.repeat(Math.ceil((BAR * count) / Math.max(1, most)))}`;
}

export function describeDistribution(sent: readonly Sent[], clients: number): string {
  const found = distributionOf(sent);
  const { requests, failed, firstError, perSecond, replicas } = found;
  const figures = (['mean', 'deviation', 'min', 'p50', 'p90', 'p95', 'p99', 'max'] as const)
    .map((name) => `${name} ${milliseconds(found[`${name}Ms`])}`)
    .join(', ');
  const bins = binsOf(sent, TEXT_BINS);
  const most = Math.max(...bins.map(({ count }) => count));
  return [
    `${requests} pictures from ${clients} clients, ${perSecond.toFixed(1)} PDFs a second, ${failed} failed`,
    ...(failed < requests ? [`ms: ${figures}`, ...bins.map((bin) => bar(bin, most))] : []),
    ...Object.entries(replicas).map(([name, count]) => `${name}: ${count}`),
    ...(firstError === undefined ? [] : [`the first failure: ${firstError}`]),
    judge(found),
  ].join('\n');
}

const WIDTH = 900;
const HEIGHT = 480;
const PLOT = { left: 70, right: 870, top: 70, bottom: 410 };
const PLOT_BINS = 40;
const MARKS = [
  ['median', 'p50Ms', '#1a7f37'],
  ['mean', 'meanMs', '#0550ae'],
  ['p95', 'p95Ms', '#bc4c00'],
  ['p99', 'p99Ms', '#a40e26'],
] as const;

function text(x: number, y: number, content: string, style = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-family="Inter, sans-serif" font-size="13" ${style}>${escaped}</text>`;
}

function marks(found: Distribution, at: (ms: number) => number): string[] {
  return MARKS.flatMap(([name, field, colour], row) => {
    const x = at(found[field]);
    const line = `x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${PLOT.top}" y2="${PLOT.bottom}"`;
    return [
      `<line ${line} stroke="${colour}" stroke-width="2" stroke-dasharray="5 3"/>`,
      text(
        PLOT.right,
        PLOT.top + 18 * (row + 1),
        `${name} ${milliseconds(found[field])} ms`,
        `fill="${colour}" text-anchor="end"`,
      ),
    ];
  });
}

/** A histogram with lines at median, mean, p95 and p99. */
export function drawDistribution(sent: readonly Sent[], title: string): string {
  const found = distributionOf(sent);
  const bins = binsOf(sent, PLOT_BINS);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const endMs = bins.at(-1)?.toMs ?? 1;
  const at = (ms: number): number => PLOT.left + ((PLOT.right - PLOT.left) * ms) / endMs;
  const height = (count: number): number => ((PLOT.bottom - PLOT.top) * count) / most;
  const bars = bins
    .filter(({ count }) => count > 0)
    .map(({ fromMs, toMs, count }) => {
      const size = `width="${(at(toMs) - at(fromMs) - 1).toFixed(1)}" height="${height(count).toFixed(1)}"`;
      return `<rect x="${at(fromMs).toFixed(1)}" y="${(PLOT.bottom - height(count)).toFixed(1)}" ${size} fill="#8c959f"/>`;
    });
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    text(at(part * endMs), PLOT.bottom + 20, milliseconds(part * endMs), 'text-anchor="middle"'),
    text(PLOT.left - 8, PLOT.bottom - height(part * most) + 4, String(Math.round(part * most)), 'text-anchor="end"'),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(PLOT.left, 36, title, 'font-weight="600"'),
    ...bars,
    ...(found.failed < found.requests ? marks(found, at) : []),
    ...ticks,
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 46, 'response time, ms', 'text-anchor="middle"'),
    '</svg>',
  ].join('\n');
}
