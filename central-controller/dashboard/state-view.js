/** The line at the top, the summary, and the list of findings. */
import { element, setText, updateList } from './keyed.js';
import { findingCount, headline, summary } from './overview.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('../../contract/finding.ts').Finding} Finding
 * @typedef {import('./overview.js').Notice} Notice
 */

/**
 * Its height does not depend on its text, so that a new finding moves nothing.
 * @param {HTMLElement} line
 * @param {HTMLButtonElement} button
 * @param {Notice | undefined} feedNotice
 * @param {readonly Finding[]} findings
 * @param {Decision | undefined} decision
 */
export function showState(line, button, feedNotice, findings, decision) {
  const { kind, text } = headline(feedNotice, findings, decision);
  setText(line, text);
  line.title = text;
  line.dataset['kind'] = kind;
  const count = findingCount(findings);
  button.hidden = count === '';
  setText(button, count);
}

/**
 * @param {HTMLElement} list
 * @param {readonly Finding[]} findings
 */
export function showFindings(list, findings) {
  updateList(
    list,
    findings,
    ({ reason, objects }) => `${reason} ${objects.join(' ')}`,
    ({ severity, remedy }) => {
      const text = element('p', 'found');
      const label = element('span', 'severity', severity === 'trouble' ? 'Problem' : 'Notice');
      const item = element('li', `finding ${severity}`, label, text, element('p', 'remedy', remedy));
      return { element: item, update: (finding) => setText(text, finding.text) };
    },
  );
}

/**
 * @param {HTMLElement} list
 * @param {Decision} decision
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
