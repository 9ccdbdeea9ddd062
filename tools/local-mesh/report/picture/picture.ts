/** The picture of a run: latency above node CPU on the same time axis, with shaded phases. Pure. */
import type { MeasuredRun } from '../phases.ts';
import { verdict } from '../summary.ts';
import { balancerBands, neighbourSpans } from './bands.ts';
import { cpuPanel, latencyPanel } from './panels.ts';
import { type Scale, timeScale } from './scale.ts';
import { COLOURS, CPU, HEIGHT, LATENCY, LEFT, NEIGHBOUR, RIGHT, WIDTH, sheet } from './sheet.ts';
import { element, escape, label } from './svg.ts';

const TITLE = 'Tail latency and node CPU: LEAST_REQUEST and Ballast in turn';

/** An SVG of 1200 by 800 on a light background. */
export function drawRun(run: MeasuredRun): string {
  const endMs = Math.max(1000, ...run.phases.map((phase) => phase.endMs), ...run.latency.map((point) => point.atMs));
  const time = timeScale(endMs, LEFT, RIGHT);
  const text = verdict(run);
  return sheet(
    { width: WIDTH, height: HEIGHT, title: TITLE },
    element('desc', {}, escape(text)),
    label(LEFT, 44, TITLE, { fill: COLOURS.ink, 'font-size': 24, 'font-weight': 700 }),
    ...wrap(text, 140).map((line, index) => label(LEFT, 72 + index * 20, line, { fill: COLOURS.ink, 'font-size': 14 })),
    run.setting === undefined ? '' : label(LEFT, 118, run.setting, { fill: COLOURS.faded }),
    ...bands(run, time),
    ...neighbour(run, time),
    latencyPanel(run, time),
    cpuPanel(run, time),
    ...timeAxis(time, endMs),
  );
}

function bands(run: MeasuredRun, time: Scale): string[] {
  return balancerBands(run.phases).map((band) => {
    const x = time.at(band.startMs);
    const width = time.at(band.endMs) - x;
    const ballast = band.name === 'ballast';
    const fill = ballast ? COLOURS.ballastPhase : COLOURS.defaultPhase;
    const area = ({ top, bottom }: { top: number; bottom: number }): string =>
      element('rect', { x, y: top, width, height: bottom - top, fill });
    const name = ballast ? 'Ballast' : width >= 112 ? 'LEAST_REQUEST' : 'default';
    const style = { fill: ballast ? COLOURS.ballastName : COLOURS.defaultName, 'font-weight': 600 };
    const head = label(x + width / 2, LATENCY.top - 8, name, { ...style, 'text-anchor': 'middle' });
    return area(LATENCY) + area(CPU) + (width < 56 ? '' : head);
  });
}

function neighbour(run: MeasuredRun, time: Scale): string[] {
  const name = run.neighbourNode === undefined ? 'neighbour' : `neighbour on ${run.neighbourNode}`;
  return neighbourSpans(run.phases).map(({ startMs, endMs }) => {
    const x = time.at(startMs);
    const width = time.at(endMs) - x;
    const { top, bottom } = NEIGHBOUR;
    const bar = { x, y: top, width, height: bottom - top, rx: 3, fill: COLOURS.neighbour, 'fill-opacity': 0.16 };
    const edges = [x, x + width].map((at) =>
      element('line', {
        x1: at,
        x2: at,
        y1: LATENCY.top,
        y2: CPU.bottom,
        stroke: COLOURS.neighbour,
        'stroke-opacity': 0.55,
        'stroke-dasharray': '3 4',
      }),
    );
    const text = width >= 150 ? name : 'neighbour';
    const style = { fill: COLOURS.neighbour, 'font-size': 12, 'font-weight': 600, 'text-anchor': 'middle' };
    return element('rect', bar) + edges.join('') + (width < 66 ? '' : label(x + width / 2, bottom - 5, text, style));
  });
}

function timeAxis(time: Scale, endMs: number): string[] {
  const minutes = endMs > 300_000;
  const marks = time.ticks.map((tick) => {
    const text = minutes ? `${Math.round(tick / 6000) / 10}` : `${tick / 1000}`;
    const x = time.at(tick);
    return (
      element('line', { x1: x, x2: x, y1: CPU.bottom, y2: CPU.bottom + 5, stroke: COLOURS.faded }) +
      label(x, CPU.bottom + 20, text, { fill: COLOURS.faded, 'text-anchor': 'middle' })
    );
  });
  const title = label((LEFT + RIGHT) / 2, CPU.bottom + 42, minutes ? 'minutes' : 'seconds', {
    fill: COLOURS.faded,
    'text-anchor': 'middle',
  });
  return [...marks, title];
}

/** Lines of at most `width` characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
