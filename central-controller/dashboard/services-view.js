/** Services with their replicas. A service with many replicas shows the first, and all on request. */
import { addressOf } from './address.js';
import { cores, percent } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { SERVICE_COLOURS } from './nodes-view.js';
import { serviceColours, serviceKey } from './overview.js';
import { createPauseButton } from './pause-dialog.js';
import { COLUMNS, createReplicaRow } from './replica-row.js';
import { whileVisible } from './visibility.js';
import { equalShare, modeOf } from './words.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('../../contract/decision.ts').ServiceDecision} ServiceDecision
 * @typedef {{ service: ServiceDecision, colour: number, query: string }} Item
 */

/** A service with more than `MAX_ROWS` replicas shows the first `FIRST_REPLICAS`. */
const FIRST_REPLICAS = 8;
const MAX_ROWS = 12;

/** Height of a service without its replicas, pixels, and with the button that shows all. */
const FRAME = 112;
const LONG_FRAME = 152;

/**
 * @param {string} text
 * @param {string} query nothing matches everything
 */
function matches(text, query) {
  return text.toLowerCase().includes(query.trim().toLowerCase());
}

/**
 * The replicas of a service that match the search, or the first of them.
 * @param {ServiceDecision} service
 * @param {string} query
 * @param {boolean} isOpen
 * @returns {ReplicaDecision[]}
 */
function shownReplicas(service, query, isOpen) {
  const found = matches(service.name, query)
    ? service.replicas
    : service.replicas.filter((replica) => matches(`${replica.name} ${replica.node} ${replica.state}`, query));
  return isOpen || found.length <= MAX_ROWS ? found : found.slice(0, FIRST_REPLICAS);
}

/** @param {ServiceDecision} service */
function loadText({ demandCores, servedCores, requestsPerSecond, replicas }) {
  const missing = demandCores - servedCores;
  const lack = missing > 0.01 ? `, ${cores(missing)} more than available` : '';
  const weights = replicas.map(({ weight }) => weight);
  const range = `${percent(Math.min(...weights))} to ${percent(Math.max(...weights))}`;
  const spread = replicas.length > MAX_ROWS ? ` · weights ${range}, equal share ${percent(equalShare(replicas))}` : '';
  return `${requestsPerSecond.toFixed(0)} requests/s · ${cores(demandCores)} cores${lack}${spread}`;
}

/**
 * @param {Item} first
 * @param {(service: ServiceDecision, isPaused: boolean) => void} askToPause
 */
function createService(first, askToPause) {
  let { service } = first;
  let { query } = first;
  let isOpen = false;
  const mode = element('span', 'mode');
  const load = element('p', 'load');
  const pause = createPauseButton('', (isPaused) => askToPause(service, isPaused));
  const titles = element('tr');
  for (const column of COLUMNS) {
    const head = element('th', '', column);
    head.scope = 'col';
    titles.append(head);
  }
  const body = element('tbody');
  const table = element('table', '', element('thead', '', titles), body);
  table.setAttribute('aria-label', `Replicas of ${service.name}`);
  const more = element('button', 'more');
  more.type = 'button';
  const title = element('h3', '', service.name);
  title.title = service.namespace;
  const header = element('header', '', element('i', 'chip'), title, mode, load, pause.button);
  const card = element('article', 'service', header, table, more);
  card.id = addressOf({ namespace: service.namespace, service: service.name }).slice(1);
  card.style.setProperty('--colour', `var(--service-${first.colour % SERVICE_COLOURS})`);

  function showReplicas() {
    // The equal share is always a third of the bar, whatever the number of replicas.
    const scale = service.replicas.length / 3;
    const { namespace, name } = service;
    const replicas = shownReplicas(service, query, isOpen).map((replica) => ({
      ...replica,
      scale,
      address: addressOf({ namespace, service: name, replica: replica.name }),
    }));
    updateList(body, replicas, (replica) => replica.name, createReplicaRow);
  }

  const show = whileVisible(card, () => {
    const { name, meaning } = modeOf(service);
    setText(mode, name);
    mode.dataset['mode'] = service.paused ? 'Paused' : service.mode;
    mode.title = meaning;
    setText(load, loadText(service));
    pause.update(service.paused !== undefined, service.name);
    more.hidden = shownReplicas(service, query, false).length === shownReplicas(service, query, true).length;
    setText(more, isOpen ? `Only the first ${FIRST_REPLICAS}` : `All ${service.replicas.length} replicas`);
    more.setAttribute('aria-expanded', String(isOpen));
    showReplicas();
  });

  /** @param {boolean} open */
  function setOpen(open) {
    isOpen = open;
    show(undefined);
  }
  more.addEventListener('click', () => setOpen(!isOpen));
  const rows = shownReplicas(service, query, isOpen).length;
  card.style.setProperty('--rows', String(rows));
  card.style.setProperty('--frame', `${rows < service.replicas.length ? LONG_FRAME : FRAME}px`);

  return {
    element: card,
    /** @param {Item} item */
    update(item) {
      service = item.service;
      query = item.query;
      show(undefined);
    },
  };
}

/**
 * @param {HTMLElement} place
 * @param {(service: ServiceDecision, isPaused: boolean) => void} askToPause
 */
export function createServices(place, askToPause) {
  return {
    /**
     * @param {Decision} decision
     * @param {string} query from the search field
     */
    show(decision, query) {
      const colours = serviceColours(decision);
      const items = decision.services
        .map((service) => ({ service, query, colour: colours.get(serviceKey(service)) ?? 0 }))
        .filter((item) => shownReplicas(item.service, query, false).length > 0)
        .toSorted((a, b) => a.colour - b.colour);
      updateList(
        place,
        items,
        ({ service }) => serviceKey(service),
        (item) => createService(item, askToPause),
      );
    },
  };
}
