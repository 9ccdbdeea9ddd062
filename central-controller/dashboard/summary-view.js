/** The few figures on top. */
import { element, setText, updateList } from './keyed.js';
import { summary } from './overview.js';

/**
 * @param {HTMLElement} list
 * @param {import('../../contract/decision.ts').Decision} decision
 */
export function showSummary(list, decision) {
  updateList(
    list,
    summary(decision),
    ({ name }) => name,
    ({ name, explanation }) => {
      const value = element('dd');
      const pair = element('div', '', element('dt', '', name), value);
      pair.title = explanation;
      return { element: pair, update: (item) => setText(value, item.value) };
    },
  );
}
