/** A CPU bar per node, with the parts of services and neighbours, and the mean of all nodes. */
import { cores, percent } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { busiestNodes, meanUtilisation, nodeRows } from './overview.js';
import { whileVisible } from './visibility.js';

/**
 * @typedef {import('./overview.js').ShownDecision} Decision
 * @typedef {import('./overview.js').NodeRow} NodeRow
 * @typedef {import('./overview.js').Segment} Segment
 */

/** Number of service colours in the style sheet. */
export const SERVICE_COLOURS = 8;

/** More nodes are drawn smaller, and scroll. */
const MAX_LARGE_NODES = 12;

/** Of more nodes the busiest are shown; the search shows others. */
const MAX_NODES = 60;

/** The busiest nodes are chosen anew after this time: a row that shows another node each second cannot be read. */
const CHOOSE_MS = 10_000;

/** Decimals of a percentage. A bar of some hundred pixels shows no more. */
const DECIMALS = 1;

/** @param {number} fraction */
function percents(fraction) {
  return `${(fraction * 100).toFixed(DECIMALS)}%`;
}

/** Approximate width of a letter, and of the space around a label, pixels. */
const LETTER = 7.5;
const PADDING = 20;

/** Width of all bars, pixels; narrow segments have no label. */
let barWidth = 0;
const widths = new ResizeObserver(([entry]) => (barWidth = entry?.contentRect.width ?? 0));

/** @typedef {Segment & { from: number, to: number }} PlacedSegment where it begins and ends, as fractions of the bar */

/**
 * Each segment is as long as the bar and clipped to its part, so that a change needs no new layout.
 * @param {PlacedSegment} first
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
    /** @param {PlacedSegment} part */
    update(part) {
      const [from, rest] = [percents(part.from), percents(1 - part.to)];
      label.hidden = (part.to - part.from) * barWidth < part.label.length * LETTER + PADDING;
      if (`${from} ${rest}` === last) return;
      last = `${from} ${rest}`;
      // A custom property would be inherited by all children, which is slow.
      segment.style.clipPath = `inset(0 calc(${rest} + 1px) 0 ${from})`;
      if (!label.hidden) label.style.transform = `translateX(${from})`;
      segment.title = `${part.label}: ${cores(part.cores)} cores`;
    },
  };
}

/** @typedef {NodeRow & { mean: number, hardware: string }} ShownNode */

/** @param {ShownNode} first */
function createNode(first) {
  const text = element('span', 'cores');
  const share = element('strong', 'share');
  const segments = element('div', 'segments');
  const mean = element('i', 'mean');
  const bar = element('div', 'bar', segments, mean);
  bar.role = 'img';
  widths.observe(bar);
  const name = element('h3', '', first.name);
  const row = element('li', 'node', name, bar, element('p', 'used', share, text));
  /** @param {ShownNode} node */
  function update(node) {
    setText(name, node.name);
    mean.style.transform = `translateX(${percents(node.mean)})`;
    if (name.title !== node.hardware) name.title = node.hardware;
    setText(share, node.stale ? '–' : percent(node.utilisation));
    setText(text, node.text);
    row.classList.toggle('stale', node.stale);
    // A node may briefly use more than its quota. The bar then shows fractions of the used cores.
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

/** @type {{ query: string, at: number, names: string[] }} */
let chosen = { query: '', at: -Infinity, names: [] };

/**
 * The nodes of a large fleet that are shown, the busiest first.
 * @param {Decision} decision
 * @param {string} query
 */
function chosenNodes(decision, query) {
  const now = performance.now();
  if (query !== chosen.query || now - chosen.at >= CHOOSE_MS) {
    chosen = { query, at: now, names: busiestNodes(decision, MAX_NODES, query) };
  }
  const byName = new Map(decision.nodes.map((node) => [node.name, node]));
  const nodes = chosen.names.map((name) => byName.get(name)).filter((node) => node !== undefined);
  const rows = new Map(nodeRows({ ...decision, nodes }).map((row) => [row.name, row]));
  return chosen.names.map((name) => rows.get(name)).filter((row) => row !== undefined);
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} hint tells how many nodes are left out
 * @param {Decision} decision
 * @param {string} query from the search field
 * @param {ReadonlyMap<string, string>} made what each node is made of, by its name
 */
export function showNodes(list, hint, decision, query, made) {
  const mean = Math.min(1, meanUtilisation(decision));
  const isLarge = decision.nodes.length > MAX_NODES;
  const shown = isLarge ? chosenNodes(decision, query) : nodeRows(decision);
  const rows = shown.map((row, rank) => ({ ...row, mean, rank, hardware: made.get(row.name) ?? '' }));
  hint.hidden = !isLarge;
  setText(hint, `the ${rows.length} busiest of ${decision.nodes.length}: Find shows others`);
  list.classList.toggle('many', rows.length > MAX_LARGE_NODES);
  // Rows of a large fleet stay where they are while other nodes take them over.
  updateList(list, rows, (node) => (isLarge ? `#${node.rank}` : node.name), createNode);
}
