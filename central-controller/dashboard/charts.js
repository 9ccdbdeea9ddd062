/** Line charts of the last ten minutes, drawn by uPlot. */
// uPlot reads the language when it loads, so this comes first.
import './locale.js';
import uPlot from 'uplot';
import { whileVisible } from './visibility.js';

/**
 * @typedef {import('./history.js').Table} Table
 *
 * @typedef {object} Picture
 * @property {Table} table
 * @property {{ from: number, to: number }} span seconds since 1970
 * @property {readonly number[]} marks seconds since 1970 of switches
 */

/** Number of line colours in the style sheet; more lines share them. */
const LINE_COLOURS = 6;
/** With more lines the legend would be larger than the chart. */
const MAX_LEGEND_LINES = 8;
/** More lines are not distinguishable. */
const MAX_LINES = 50;

/** @param {string} name */
function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Local time as `HH:mm:ss`, in every language.
 * @param {number} second
 */
function clock(second) {
  return new Date(second * 1000).toTimeString().slice(0, 8);
}

/**
 * A dashed line from top to bottom at each mark.
 * @param {uPlot} plot
 * @param {readonly number[]} marks
 */
function drawMarks(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = style('--text');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const second of marks) {
    const x = Math.round(plot.valToPos(second, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * A chart in `place`, which has a fixed height. It is created again only when its lines or the page's colours change, and
 * is drawn only while it is visible.
 * @param {HTMLElement} place
 * @param {{ top: number, format: (value: number) => string, height: number }} settings `top` is the minimum upper end
 *   of the scale; `height` in CSS pixels is that of the lines, without the legend
 * @returns {(picture: Picture) => void}
 */
export function createChart(place, { top, format, height }) {
  /** @type {uPlot | undefined} */
  let plot;
  let made = '';
  /** @type {readonly number[]} */
  let marks = [];

  /**
   * @param {readonly string[]} names
   * @returns {uPlot.Options}
   */
  function options(names) {
    /** @type {uPlot.Axis} */
    const axis = {
      stroke: style('--muted'),
      font: `11px ${style('--font')}`,
      grid: { stroke: style('--line'), width: 1 },
      ticks: { show: false },
    };
    return {
      width: place.clientWidth,
      height,
      legend: { show: names.length > 1 && names.length <= MAX_LEGEND_LINES },
      cursor: { sync: { key: 'ballast' }, y: false, points: { size: 6 } },
      scales: { y: { range: (_, __, max) => [0, Math.max(top, max * 1.08)] } },
      axes: [
        { ...axis, values: (_, seconds) => seconds.map((second) => clock(second).slice(0, 5)), space: 64, size: 26 },
        { ...axis, values: (_, values) => values.map(format), size: 50 },
      ],
      series: [
        { label: 'time', value: (_, second) => (second === null ? '' : clock(second)) },
        ...names.map((name, index) => ({
          label: name,
          stroke: style(`--line-${index % LINE_COLOURS}`),
          width: 1.75,
          points: { show: false },
          /** @type {(plot: uPlot, value: number | null) => string} */
          value: (_, value) => (value === null ? '–' : format(value)),
        })),
      ],
      hooks: { draw: [(drawn) => drawMarks(drawn, marks)] },
    };
  }

  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height })).observe(place);

  return whileVisible(place, ({ table, span, marks: at }) => {
    const names = table.names.slice(0, MAX_LINES);
    const data = /** @type {uPlot.AlignedData} */ (table.data.slice(0, names.length + 1));
    const desired = [style('--line'), ...names].join('|');
    marks = at;
    if (desired !== made) {
      plot?.destroy();
      plot = new uPlot(options(names), data, place);
      made = desired;
    }
    plot?.batch(() => {
      plot?.setData(data, false);
      plot?.setScale('x', { min: span.from, max: span.to });
    });
  });
}
