/** The line over the figures, and the list of all that was found. */
import { element, setText, updateList } from './keyed.js';
import { findingCount, headline } from './overview.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('../../contract/finding.ts').Finding} Finding
 * @typedef {import('./overview.js').Notice} Notice
 */

/**
 * Its height does not depend on what it says: a finding that comes or goes moves nothing.
 * @param {HTMLElement} line
 * @param {HTMLButtonElement} button
 * @param {Notice | undefined} said
 * @param {readonly Finding[]} findings
 * @param {Decision | undefined} decision
 */
export function showState(line, button, said, findings, decision) {
  const { kind, text } = headline(said, findings, decision);
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
