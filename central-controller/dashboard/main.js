/** Wires the page: the feed of decisions, the history, and the views. */
import { createChart } from './charts.js';
import { follow } from './feed.js';
import { History } from './history.js';
import { element, setText, updateList } from './keyed.js';
import { showNodes } from './nodes-view.js';
import { notice, serviceColours, summary } from './overview.js';
import { showServices } from './services-view.js';

/**
 * @typedef {import('../contract/decision.ts').Decision} Decision
 * @typedef {import('./overview.js').FeedState} FeedState
 */

/** Figures change at most this often: fast enough to be live, slow enough to be read. */
const SHOW_MS = 500;

/** @type {Record<FeedState, string>} */
const CONNECTION = {
  connecting: 'Connecting',
  waiting: 'Waiting',
  live: 'Live',
  silent: 'No decisions',
  unreachable: 'Not reachable',
};

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

const connection = byId('connection');
const noticeLine = byId('notice');
const figures = byId('figures');
const serviceChoice = /** @type {HTMLSelectElement} */ (byId('chart-service'));
const history = new History();

/** @type {Decision | undefined} */
let decision;
/** @type {FeedState} */
let state = 'connecting';
let receivedAt = 0;
let shownTick = -1;
/** @type {{ nodes: ReturnType<typeof createChart>, weights: ReturnType<typeof createChart> } | undefined} */
let charts;

function showState() {
  setText(connection, CONNECTION[state]);
  connection.dataset['state'] = state;
  const said = notice(state, decision, performance.now() - receivedAt);
  noticeLine.hidden = !said;
  setText(noticeLine, said?.text ?? '');
  noticeLine.dataset['kind'] = said?.kind ?? '';
  figures.classList.toggle('old', state === 'unreachable' || state === 'silent');
}

/** @param {Decision} latest */
function showSummary(latest) {
  updateList(
    byId('summary'),
    summary(latest),
    ({ name }) => name,
    ({ name, explanation }) => {
      const value = element('dd');
      const pair = element('div', '', element('dt', '', name), value);
      pair.title = explanation;
      return { element: pair, update: (item) => setText(value, item.value) };
    },
  );
}

/** @param {Decision} latest */
function showCharts(latest) {
  updateList(
    serviceChoice,
    [...serviceColours(latest).keys()],
    (key) => key,
    (key) => ({
      element: new Option(key.slice(key.indexOf('/') + 1), key),
      update() {},
    }),
  );
  charts ??= { nodes: createChart(byId('node-chart'), 1), weights: createChart(byId('weight-chart'), 0.1) };
  charts.nodes.show(history.nodes(), history.span());
  charts.weights.show(history.weights(serviceChoice.value), history.span());
}

function show() {
  showState();
  if (!decision || decision.tick === shownTick || document.hidden) return;
  shownTick = decision.tick;
  figures.hidden = false;
  showSummary(decision);
  showNodes(byId('nodes'), decision);
  showServices(byId('services'), decision);
  showCharts(decision);
}

function showAgain() {
  shownTick = -1;
  show();
}

serviceChoice.addEventListener('change', showAgain);
document.addEventListener('visibilitychange', showAgain);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showAgain);

follow({
  open: (address) => new EventSource(address),
  onDecision(latest) {
    const first = !decision;
    decision = latest;
    receivedAt = performance.now();
    history.add(latest);
    if (first) show();
  },
  onState(next) {
    state = next;
    showState();
  },
});
setInterval(show, SHOW_MS);
