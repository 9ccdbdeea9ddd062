/** The charts of the page and of the explanation, and the selection of service and metric. */
import { createChart } from './charts.js';
import { cores, percent } from './format.js';
import { byId, updateList } from './keyed.js';

/**
 * @typedef {import('./faults.js').Faults} Faults
 * @typedef {import('./figures.js').Figures} Figures
 * @typedef {import('../../contract/time-series.ts').Switch} Switch
 */

const HEIGHT = 210;
const SMALL_HEIGHT = 110;

/** Minimum upper ends of the scales, so that noise does not look like movement. */
const MIN_TOP = { utilisation: 1, weight: 0.1, cores: 0.1 };

/** @param {readonly Switch[]} switches */
function marksOf(switches) {
  return [...new Set(switches.map(({ at }) => at / 1000))];
}

/**
 * @param {Figures} figures
 * @param {Faults} faults
 * @param {() => void} onChoice the user chose another service
 */
export function createCharts(figures, faults, onChoice) {
  const service = /** @type {HTMLSelectElement} */ (byId('chart-service'));
  const figure = /** @type {HTMLSelectElement} */ (byId('chart-figure'));
  const weights = byId('weight-chart');
  const cpu = byId('cpu-chart');
  const drawNodes = createChart(byId('node-chart'), { top: MIN_TOP.utilisation, format: percent, height: HEIGHT });
  const drawWeights = createChart(weights, { top: MIN_TOP.weight, format: percent, height: HEIGHT });
  const drawCpu = createChart(cpu, { top: MIN_TOP.cores, format: cores, height: HEIGHT });
  const drawOwnWeight = createChart(byId('own-weight-chart'), {
    top: MIN_TOP.weight,
    format: percent,
    height: SMALL_HEIGHT,
  });
  const drawOwnCpu = createChart(byId('own-cpu-chart'), { top: MIN_TOP.cores, format: cores, height: SMALL_HEIGHT });

  service.addEventListener('change', () => {
    figures.choose(service.value);
    onChoice();
  });
  figure.addEventListener('change', () => {
    weights.hidden = figure.value !== 'weight';
    cpu.hidden = figure.value !== 'cpu';
  });

  return {
    /** @param {readonly string[]} services */
    offer(services) {
      updateList(
        service,
        services,
        (key) => key,
        (key) => ({ element: new Option(key, key), update() {} }),
      );
      if (figures.service !== '' && service.value !== figures.service) service.value = figures.service;
    },

    /**
     * @param {readonly Switch[]} switches
     * @param {string | undefined} replica whose explanation is open
     */
    show(switches, replica) {
      const span = figures.nodes.span();
      const own = switches.filter(({ namespace, name }) => `${namespace}/${name}` === figures.service);
      const marks = marksOf(own);
      faults.run('Chart of nodes', () => drawNodes({ table: figures.nodes.table(), span, marks: marksOf(switches) }));
      faults.run('Charts of replicas', () => {
        drawWeights({ table: figures.weights.table(), span, marks });
        drawCpu({ table: figures.cpu.table(), span, marks });
      });
      if (replica === undefined) return;
      faults.run('Charts of one replica', () => {
        drawOwnWeight({ table: figures.weights.table([replica]), span, marks });
        drawOwnCpu({ table: figures.cpu.table([replica]), span, marks });
      });
    },
  };
}
