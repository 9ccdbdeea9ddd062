/** Lines over the last ten minutes, drawn by uPlot. */
import uPlot from 'uplot';
import { percent } from './format.js';

/** @typedef {import('./history.js').Table} Table */

/** How many colours the style has for lines; more lines share them. */
const LINE_COLOURS = 6;
/** With more lines than this a legend would be larger than the chart. */
const LEGEND_LINES = 12;
const HEIGHT = 210;

/** @param {string} name */
function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {number} second */
function clock(second) {
  return new Date(second * 1000).toLocaleTimeString([], { hour12: false });
}

/**
 * @param {uPlot} _
 * @param {number | null} share
 */
function lineValue(_, share) {
  return share === null ? '–' : percent(share);
}

/**
 * A chart of shares in `place`; `top` is the least upper end of its scale. It is made anew only where its lines, or the
 * page's colours, have changed.
 * @param {HTMLElement} place
 * @param {number} top
 */
export function createChart(place, top) {
  /** @type {uPlot | undefined} */
  let plot;
  let made = '';

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
      height: HEIGHT,
      legend: { show: names.length <= LEGEND_LINES },
      cursor: { sync: { key: 'ballast' }, y: false, points: { size: 6 } },
      scales: { y: { range: (_, __, max) => [0, Math.max(top, max * 1.08)] } },
      axes: [
        { ...axis, values: (_, seconds) => seconds.map((second) => clock(second).slice(0, 5)), space: 64, size: 26 },
        { ...axis, values: (_, shares) => shares.map(percent), size: 46 },
      ],
      series: [
        { label: 'time', value: (_, second) => (second === null ? '' : clock(second)) },
        ...names.map((name, index) => ({
          label: name,
          stroke: style(`--line-${index % LINE_COLOURS}`),
          width: 1.75,
          points: { show: false },
          value: lineValue,
        })),
      ],
    };
  }

  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);

  return {
    /**
     * @param {Table} table
     * @param {{ from: number, to: number }} span
     */
    show(table, span) {
      const data = /** @type {uPlot.AlignedData} */ (table.data);
      const wanted = [style('--line'), ...table.names].join('|');
      if (wanted !== made) {
        plot?.destroy();
        plot = new uPlot(options(table.names), data, place);
        made = wanted;
      }
      plot?.batch(() => {
        plot?.setData(data, false);
        plot?.setScale('x', { min: span.from, max: span.to });
      });
    },
  };
}
