/** Nodes as bars of CPU: who uses it, and how far each node is from the mean. */
import { cores, percent } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { meanUtilisation, nodeRows } from './overview.js';

/**
 * @typedef {import('../contract/decision.ts').Decision} Decision
 * @typedef {import('./overview.js').NodeRow} NodeRow
 * @typedef {import('./overview.js').Segment} Segment
 */

/** How many colours the style has for services. */
export const SERVICE_COLOURS = 8;

/** @param {Segment & { share: number }} segment */
function createSegment(segment) {
  const label = element('span', '', segment.label);
  const bar = element('div', `segment by-${segment.kind}`, label);
  return {
    element: bar,
    /** @param {Segment & { share: number }} next */
    update(next) {
      bar.style.setProperty('--share', String(next.share));
      if (next.kind === 'service') bar.style.setProperty('--colour', `var(--service-${next.colour % SERVICE_COLOURS})`);
      bar.title = `${next.label}: ${cores(next.cores)} cores`;
    },
  };
}

/** @param {NodeRow} first */
function createNode(first) {
  const name = element('h3', '', first.name);
  const text = element('span', 'cores');
  const share = element('strong', 'share');
  const segments = element('div', 'segments');
  const row = element(
    'li',
    'node',
    name,
    element('div', 'bar', segments, element('i', 'mean')),
    element('p', 'used', share, text),
  );
  return {
    element: row,
    /** @param {NodeRow} node */
    update(node) {
      setText(share, node.stale ? '–' : percent(node.utilisation));
      setText(text, node.text);
      row.classList.toggle('stale', node.stale);
      // A node may for a moment use more than its quota: then the bar shows shares of what is used.
      const whole = Math.max(
        node.cores,
        node.segments.reduce((sum, segment) => sum + segment.cores, 0),
      );
      const shares = node.segments.map((segment) => ({ ...segment, share: segment.cores / whole }));
      updateList(segments, shares, (segment) => segment.key, createSegment);
    },
  };
}

/**
 * @param {HTMLElement} list
 * @param {Decision} decision
 */
export function showNodes(list, decision) {
  list.style.setProperty('--mean', String(Math.min(1, meanUtilisation(decision))));
  updateList(list, nodeRows(decision), (node) => node.name, createNode);
}
