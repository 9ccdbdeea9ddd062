/** The row of a replica in the table of its service: weight, target, load and state. */
import { duration, percent, short } from './format.js';
import { element, setText } from './keyed.js';
import { reasons, STATES } from './words.js';

/** @typedef {import('../../contract/decision.ts').ReplicaDecision & { scale: number, address: string }} Replica */

export const COLUMNS = ['Replica', 'Weight', 'Requests', 'In flight', 'Latency', 'CPU/request'];

/** A bar of a few hundred pixels shows no smaller difference. */
const BAR_STEP = 0.005;

/** @param {number} fraction */
function barFraction(fraction) {
  return String(Math.round(Math.min(1, fraction) / BAR_STEP) * BAR_STEP);
}

/**
 * Sets a style property if it changed. Setting the same value again would cost as much as a change.
 * @param {HTMLElement} of
 * @param {string} name
 */
function styleOf(of, name) {
  let last = '';
  return (/** @type {string} */ value) => {
    if (value === last) return;
    last = value;
    of.style.setProperty(name, value);
  };
}

/** @param {Replica} first */
export function createReplicaRow(first) {
  const node = element('span');
  const state = element('span', 'state');
  const link = element('a', 'open', element('span', 'name', first.name), element('span', 'where', node, state));
  link.href = first.address;
  const now = element('span', 'now');
  const target = element('span', 'aim');
  const bar = element('div', 'weight-bar', element('i', 'fill'), element('i', 'equal'), element('i', 'target'));
  const figures = COLUMNS.slice(2).map((label) => {
    const cell = element('td', 'figure');
    cell.dataset['label'] = label;
    return cell;
  });
  const head = element('th', '', link);
  head.scope = 'row';
  const row = element(
    'tr',
    'replica',
    head,
    element('td', 'weight', element('div', 'weight-line', bar, now, target)),
    ...figures,
  );
  const setWeight = styleOf(bar, '--weight');
  const setTarget = styleOf(bar, '--target');
  return {
    element: row,
    /** @param {Replica} replica */
    update(replica) {
      setText(node, `on ${replica.node}`);
      const [weight, best] = [percent(replica.weight), percent(replica.target)];
      setText(now, weight);
      setText(target, best === weight ? '' : `→ ${best}`);
      setWeight(barFraction(replica.weight * replica.scale));
      setTarget(barFraction(replica.target * replica.scale));
      const texts = [
        `${short(replica.requestsPerSecond)}/s`,
        replica.inFlight.toFixed(0),
        duration(replica.meanLatencySeconds),
        duration(replica.cpuPerRequestSeconds),
      ];
      figures.forEach((figure, index) => setText(figure, texts[index] ?? ''));
      if (state.dataset['state'] !== replica.state) {
        setText(state, STATES[replica.state].name);
        state.dataset['state'] = replica.state;
        state.title = reasons(replica)[0] ?? '';
      }
      const isChosen = location.hash === first.address;
      if (isChosen === row.classList.contains('chosen')) return;
      row.classList.toggle('chosen', isChosen);
      if (isChosen) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    },
  };
}
