/** Services with their replicas. A service with many replicas shows the first, and all on request. */
import { addressOf } from './address.js';
import { cores, percent } from './format.js';
import { element, setText, updateList } from './keyed.js';
import { SERVICE_COLOURS } from './nodes-view.js';
import { replicaCount, serviceColours, serviceKey } from './overview.js';
import { createPauseButton } from './pause-dialog.js';
import { COLUMNS, createReplicaRow } from './replica-row.js';
import { isVisible, whileVisible } from './visibility.js';
import { equalShare, modeOf } from './words.js';

/**
 * @typedef {import('./overview.js').ShownDecision} Decision
 * @typedef {import('../../contract/decision.ts').ReplicaDecision} ReplicaDecision
 * @typedef {import('./overview.js').ServiceDecision} ServiceDecision
 * @typedef {{ service: ServiceDecision, colour: number, query: string }} Item
 */

/** A service with more than `MAX_ROWS` replicas shows the first `FIRST_REPLICAS`. */
const FIRST_REPLICAS = 8;
const MAX_ROWS = 12;

/** Of more services the first are shown; the search shows others. */
const MAX_SERVICES = 100;

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

/**
 * Whether the service is shown. Of a large fleet the controller says which services have a replica that matches.
 * @param {ServiceDecision} service
 * @param {string} query
 * @param {ReadonlySet<string>} found
 */
function isShown(service, query, found) {
  if (service.summary) return matches(service.name, query) || found.has(serviceKey(service));
  return shownReplicas(service, query, false).length > 0;
}

/** @param {ServiceDecision} service */
function weightsOf({ replicas, summary }) {
  if (summary) return { lowest: summary.lowestWeight, highest: summary.highestWeight, equal: summary.equalShare };
  const weights = replicas.map(({ weight }) => weight);
  return { lowest: Math.min(...weights), highest: Math.max(...weights), equal: equalShare(replicas) };
}

/** @param {ServiceDecision} service */
function loadText(service) {
  const { demandCores, servedCores, requestsPerSecond } = service;
  const missing = demandCores - servedCores;
  const lack = missing > 0.01 ? `, ${cores(missing)} more than available` : '';
  const { lowest, highest, equal } = weightsOf(service);
  const range = `${percent(lowest)} to ${percent(highest)}`;
  const spread = replicaCount(service) > MAX_ROWS ? ` · weights ${range}, equal share ${percent(equal)}` : '';
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
    const scale = replicaCount(service) / 3;
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
    const isUnread = service.replicas.length < replicaCount(service);
    const isWhole = shownReplicas(service, query, false).length === shownReplicas(service, query, true).length;
    more.classList.toggle('unread', isUnread);
    more.hidden = isUnread ? replicaCount(service) <= MAX_ROWS : isWhole;
    setText(more, isOpen ? `Only the first ${FIRST_REPLICAS}` : `All ${replicaCount(service)} replicas`);
    more.setAttribute('aria-expanded', String(isOpen));
    showReplicas();
  });

  /** @param {boolean} open */
  function setOpen(open) {
    isOpen = open;
    show(undefined);
  }
  more.addEventListener('click', () => setOpen(!isOpen));
  const count = replicaCount(service);
  const rows = service.summary
    ? count > MAX_ROWS
      ? FIRST_REPLICAS
      : count
    : shownReplicas(service, query, false).length;
  card.style.setProperty('--rows', String(rows));
  card.style.setProperty('--frame', `${rows < count ? LONG_FRAME : FRAME}px`);
  // Rows that are read later move nothing.
  card.classList.toggle('summed', service.summary !== undefined && query === '');

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
 * @param {HTMLElement} hint tells how many services are left out
 * @param {(service: ServiceDecision, isPaused: boolean) => void} askToPause
 */
export function createServices(place, hint, askToPause) {
  /** @type {string[]} */
  let keys = [];
  return {
    /**
     * @param {Decision} decision
     * @param {string} query from the search field
     * @param {ReadonlySet<string>} found services of a large fleet that have a replica that matches
     */
    show(decision, query, found) {
      const colours = serviceColours(decision);
      const all = decision.services
        .filter((service) => isShown(service, query, found))
        .map((service) => ({ service, query, colour: colours.get(serviceKey(service)) ?? 0 }))
        .toSorted((a, b) => a.colour - b.colour);
      const items = all.slice(0, MAX_SERVICES);
      keys = items.map(({ service }) => serviceKey(service));
      hint.hidden = items.length === all.length;
      setText(hint, `the first ${items.length} of ${all.length}: Find shows others`);
      updateList(
        place,
        items,
        ({ service }) => serviceKey(service),
        (item) => createService(item, askToPause),
      );
    },

    /** Keys of the services on the screen. */
    visible() {
      return keys.filter((_, index) => {
        const card = place.children[index];
        return card !== undefined && isVisible(card);
      });
    },
  };
}
