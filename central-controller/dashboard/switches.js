/** What switches of balancing changed, as rows of a table. */
import { age, duration, percent, short } from './format.js';

/**
 * @typedef {import('../../contract/time-series.ts').Switch} Switch
 * @typedef {import('../../contract/time-series.ts').SpanFigures} SpanFigures
 * @typedef {{ label: string, before: string, after: string }} Change
 * @typedef {{ key: string, service: string, what: string, changes: Change[] }} Row
 */

/** @type {Record<Switch['to'], string>} */
const BECAME = { Enforce: 'balanced', Observe: 'only observed', Off: 'switched off', Paused: 'paused' };

/** @type {{ label: string, text: (figures: SpanFigures) => string }[]} */
const FIGURES = [
  { label: 'p50', text: ({ p50Seconds }) => maybe(p50Seconds, duration) },
  { label: 'p99', text: ({ p99Seconds }) => maybe(p99Seconds, duration) },
  { label: 'Mean latency', text: ({ meanLatencySeconds }) => maybe(meanLatencySeconds, duration) },
  { label: 'In flight', text: ({ inFlight }) => maybe(inFlight, short) },
  { label: 'Busiest node', text: ({ busiestNode }) => maybe(busiestNode, percent) },
  { label: 'Idlest node', text: ({ idlestNode }) => maybe(idlestNode, percent) },
];

export const CHANGE_LABELS = FIGURES.map(({ label }) => label);

/**
 * @param {number | null} value
 * @param {(value: number) => string} format
 */
function maybe(value, format) {
  return value === null ? '–' : format(value);
}

/**
 * @param {readonly Switch[]} switches
 * @param {number} now ms
 * @returns {Row[]} in the same order
 */
export function switchRows(switches, now) {
  return switches.map(({ at, namespace, name, from, to, before, after }) => ({
    key: `${namespace}/${name} ${at}`,
    service: name,
    what: `${BECAME[to]} ${age(now - at)} ago, before ${BECAME[from]}`,
    changes: FIGURES.map(({ label, text }) => ({
      label,
      before: before ? text(before) : '–',
      after: after ? text(after) : '–',
    })),
  }));
}
