/** The table before and after: one row for each switch of balancing of a service. */
import { element, setText, updateList } from './keyed.js';
import { CHANGE_LABELS, switchRows } from './switches.js';

/**
 * @typedef {import('../../contract/time-series.ts').Switch} Switch
 * @typedef {import('./switches.js').Row} Row
 */

/** @param {HTMLElement} place */
export function createSwitchTable(place) {
  const titles = element('tr');
  for (const title of ['Service', ...CHANGE_LABELS]) {
    const head = element('th', '', title);
    head.scope = 'col';
    titles.append(head);
  }
  const body = element('tbody');
  const table = element('table', 'switch-table', element('thead', '', titles), body);
  table.setAttribute('aria-labelledby', 'switches-title');
  table.hidden = true;
  place.append(table);

  return {
    /**
     * @param {readonly Switch[]} switches
     * @param {number} now ms
     */
    show(switches, now) {
      table.hidden = switches.length === 0;
      updateList(body, switchRows(switches, now), ({ key }) => key, createRow);
    },
  };
}

/** @param {Row} first */
function createRow(first) {
  const what = element('span', 'what');
  const head = element('th', '', element('span', 'name', first.service), what);
  head.scope = 'row';
  const cells = first.changes.map(({ label }) => {
    const [before, after] = [element('span', 'before'), element('strong', 'after')];
    const arrow = element('span', 'arrow', '→');
    arrow.setAttribute('aria-label', 'then');
    arrow.role = 'img';
    const cell = element('td', '', before, ' ', arrow, ' ', after);
    cell.dataset['label'] = label;
    return { cell, before, after };
  });
  return {
    element: element('tr', '', head, ...cells.map(({ cell }) => cell)),
    /** @param {Row} row */
    update(row) {
      setText(what, row.what);
      for (const [index, { before, after }] of cells.entries()) {
        setText(before, row.changes[index]?.before ?? '–');
        setText(after, row.changes[index]?.after ?? '–');
      }
    },
  };
}
