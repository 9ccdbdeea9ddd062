/** Nodes as bars of CPU: who uses it, and how far each node is from the mean. */
import { cores, percent } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { meanUtilisation, nodeRows } from './overview.js';
import { whileVisible } from './visibility.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('./overview.js').NodeRow} NodeRow
 * @typedef {import('./overview.js').Segment} Segment
 */

/** How many colours the style has for services. */
export const SERVICE_COLOURS = 8;

/** More nodes than these are drawn smaller, and scroll. */
const MANY = 12;

/** Of percent: a bar of some hundred pixels shows no smaller part. */
const DECIMALS = 1;

/** @param {number} share */
function percents(share) {
  return `${(share * 100).toFixed(DECIMALS)}%`;
}

/** Pixels of a letter, about, and of the space around a label. */
const LETTER = 7.5;
const PADDING = 20;

/** Width of all bars, pixels; narrow segments have no label. */
let barWidth = 0;
const widths = new ResizeObserver(([entry]) => (barWidth = entry?.contentRect.width ?? 0));

/** @typedef {Segment & { from: number, to: number }} Part shares of the bar at which it begins and ends */

/**
 * Each segment is as long as the bar, and cut to its part: so none of them moves another, and nothing is laid out anew.
 * @param {Part} first
 */
function createSegment(first) {
  const label = element('span', '', first.label);
  const segment = element('div', `segment by-${first.kind}`, label);
  if (first.kind === 'service') {
    segment.style.setProperty('--colour', `var(--service-${first.colour % SERVICE_COLOURS})`);
  }
  let last = '';
  return {
    element: segment,
    /** @param {Part} part */
    update(part) {
      const [from, rest] = [percents(part.from), percents(1 - part.to)];
      label.hidden = (part.to - part.from) * barWidth < part.label.length * LETTER + PADDING;
      if (`${from} ${rest}` === last) return;
      last = `${from} ${rest}`;
      // Not by custom properties, which all that is inside would inherit anew.
      segment.style.clipPath = `inset(0 calc(${rest} + 1px) 0 ${from})`;
      if (!label.hidden) label.style.transform = `translateX(${from})`;
      segment.title = `${part.label}: ${cores(part.cores)} cores`;
    },
  };
}

/** @param {NodeRow & { mean: number }} first */
function createNode(first) {
  const text = element('span', 'cores');
  const share = element('strong', 'share');
  const segments = element('div', 'segments');
  const mean = element('i', 'mean');
  const bar = element('div', 'bar', segments, mean);
  bar.role = 'img';
  widths.observe(bar);
  const row = element('li', 'node', element('h3', '', first.name), bar, element('p', 'used', share, text));
  /** @param {NodeRow & { mean: number }} node */
  function update(node) {
    mean.style.transform = `translateX(${percents(node.mean)})`;
    setText(share, node.stale ? '–' : percent(node.utilisation));
    setText(text, node.text);
    row.classList.toggle('stale', node.stale);
    // A node may for a moment use more than its quota: then the bar shows shares of what is used.
    const whole = Math.max(
      node.cores,
      node.segments.reduce((sum, segment) => sum + segment.cores, 0),
    );
    let end = 0;
    const parts = node.segments.map((segment) => {
      const from = end;
      end += segment.cores / whole;
      return { ...segment, from, to: end };
    });
    bar.ariaLabel =
      node.segments.map((segment) => `${segment.label} ${cores(segment.cores)} cores`).join(', ') || 'idle';
    updateList(segments, parts, (segment) => segment.key, createSegment);
  }
  return { element: row, update: whileVisible(row, update) };
}

/**
 * @param {HTMLElement} list
 * @param {Decision} decision
 */
export function showNodes(list, decision) {
  const mean = Math.min(1, meanUtilisation(decision));
  const rows = nodeRows(decision).map((row) => ({ ...row, mean }));
  list.classList.toggle('many', rows.length > MANY);
  updateList(list, rows, (node) => node.name, createNode);
}
