/** Services with their replicas: weight now and target, load, state, and on request the reasons. */
import { cores, duration, percent, short } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { SERVICE_COLOURS } from './nodes-view.js';
import { serviceColours, serviceKey } from './overview.js';
import { evidence, MODES, reasons, STATES } from './words.js';

/**
 * @typedef {import('../contract/decision.ts').Decision} Decision
 * @typedef {import('../contract/decision.ts').ServiceDecision & { colour: number }} Service
 * @typedef {import('../contract/decision.ts').ReplicaDecision & { scale: number }} Replica
 */

const COLUMNS = ['Replica', 'Weight', 'Requests', 'In flight', 'Latency', 'CPU/request'];
let details = 0;

/** @param {Replica} first */
function createReplica(first) {
  details += 1;
  const id = `reasons-${details}`;
  const node = element('span');
  const state = element('span', 'state');
  const where = element('span', 'where', state, node);
  const button = element('button', 'open', element('span', 'name', first.name), where);
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', id);
  const now = element('span', 'now');
  const target = element('span', 'aim');
  const bar = element('div', 'weight-bar', element('i', 'fill'), element('i', 'equal'), element('i', 'target'));
  const figures = COLUMNS.slice(2).map((label) => {
    const cell = element('td', 'figure');
    cell.dataset['label'] = label;
    return cell;
  });
  const row = element(
    'tr',
    '',
    element('th', '', button),
    element('td', 'weight', element('div', 'weight-line', bar, now, target)),
    ...figures,
  );
  /** @type {HTMLTableCellElement} */
  const head = row.cells[0] ?? element('th');
  head.scope = 'row';
  const why = element('ul', 'why');
  const facts = element('dl', 'facts');
  const cell = element('td', '', why, facts);
  cell.colSpan = COLUMNS.length;
  const detail = element('tr', 'detail', cell);
  detail.id = id;
  detail.hidden = true;
  const group = element('tbody', '', row, detail);
  let latest = first;

  function showDetail() {
    updateList(
      why,
      reasons(latest),
      (text) => text,
      (text) => ({ element: element('li', '', text), update() {} }),
    );
    updateList(
      facts,
      evidence(latest),
      ([name]) => name,
      ([name]) => {
        const value = element('dd');
        return {
          element: element('div', '', element('dt', '', name), value),
          update: ([, text]) => setText(value, text),
        };
      },
    );
  }

  row.addEventListener('click', () => {
    detail.hidden = !detail.hidden;
    button.setAttribute('aria-expanded', String(!detail.hidden));
    if (!detail.hidden) showDetail();
  });

  return {
    element: group,
    /** @param {Replica} replica */
    update(replica) {
      latest = replica;
      setText(node, `on ${replica.node}`);
      setText(now, percent(replica.weight));
      setText(target, Math.abs(replica.target - replica.weight) >= 0.005 ? `→ ${percent(replica.target)}` : '');
      bar.style.setProperty('--weight', String(Math.min(1, replica.weight * replica.scale)));
      bar.style.setProperty('--target', String(Math.min(1, replica.target * replica.scale)));
      const texts = [
        `${short(replica.requestsPerSecond)}/s`,
        replica.inFlight.toFixed(0),
        duration(replica.meanLatencySeconds),
        duration(replica.cpuPerRequestSeconds),
      ];
      figures.forEach((figure, index) => setText(figure, texts[index] ?? ''));
      setText(state, STATES[replica.state].name);
      state.dataset['state'] = replica.state;
      state.title = reasons(replica).join(' ');
      if (!detail.hidden) showDetail();
    },
  };
}

/** @param {Service} first */
function createService(first) {
  const mode = element('span', 'mode');
  const load = element('p', 'load');
  const titleRow = element('tr');
  for (const column of COLUMNS) {
    const head = element('th', '', column);
    head.scope = 'col';
    titleRow.append(head);
  }
  const table = element('table', '', element('thead', '', titleRow));
  const card = element(
    'article',
    'service',
    element('header', '', element('i', 'chip'), element('h3', '', first.name), mode, load),
    table,
  );
  table.setAttribute('aria-label', `Replicas of ${first.name}`);
  return {
    element: card,
    /** @param {Service} service */
    update(service) {
      card.style.setProperty('--colour', `var(--service-${service.colour % SERVICE_COLOURS})`);
      setText(mode, MODES[service.mode].name);
      mode.dataset['mode'] = service.mode;
      mode.title = `${service.namespace}: ${MODES[service.mode].meaning}`;
      const missing = service.demandCores - service.servedCores;
      const lack = missing > 0.01 ? `, ${cores(missing)} more than there is` : '';
      setText(load, `${service.requestsPerSecond.toFixed(0)} requests/s · ${cores(service.demandCores)} cores${lack}`);
      // The equal share is always a third of the bar, whatever the number of replicas.
      const scale = service.replicas.length / 3;
      const replicas = service.replicas.map((replica) => ({ ...replica, scale }));
      updateList(table, replicas, (replica) => replica.name, createReplica);
    },
  };
}

/**
 * @param {HTMLElement} place
 * @param {Decision} decision
 */
export function showServices(place, decision) {
  const colours = serviceColours(decision);
  const services = decision.services
    .map((service) => ({ ...service, colour: colours.get(serviceKey(service)) ?? 0 }))
    .toSorted((a, b) => a.colour - b.colour);
  updateList(place, services, serviceKey, createService);
}
