/** Connects the feed of decisions, the controller's API and the views. */
import { readAddress } from './address.js';
import { findings as readFindings, nodeHardware, servicesWith, switches as readSwitches } from './controller.js';
import { Details, isOverview } from './details.js';
import { showExplanation } from './explanation-view.js';
import { createFaults } from './faults.js';
import { follow } from './feed.js';
import { Figures } from './figures.js';
import { byId, setText } from './keyed.js';
import { showNodes } from './nodes-view.js';
import { notice, serviceColours, serviceKey, settingsOf } from './overview.js';
import { createPanel } from './panel.js';
import { createPauseButton, createPauseDialog } from './pause-dialog.js';
import { createServices } from './services-view.js';
import { showFindings, showState, showSummary } from './state-view.js';
import { createSwitchTable } from './switches-view.js';

/**
 * @typedef {import('./overview.js').ShownDecision} Decision
 * @typedef {import('../../contract/time-series.ts').Switch} Switch
 * @typedef {import('../../contract/finding.ts').Finding} Finding
 * @typedef {import('./overview.js').FeedState} FeedState
 */

/** Interval of requests for findings and switches. They are requested early after a pause or a change of mode. */
const ASK_MS = 5_000;

/** What nodes are made of changes seldom. */
const ASK_HARDWARE_MS = 60_000;

/** Interval of updates of the connection's state, which contains an age. */
const SHOW_MS = 1_000;

/** Time after the last key until the controller is asked what matches. */
const SEARCH_MS = 200;

/** @type {Record<FeedState, string>} */
const CONNECTION = {
  connecting: 'Connecting',
  waiting: 'Waiting',
  live: 'Live',
  silent: 'No decisions',
  unreachable: 'Not reachable',
};

const connection = byId('connection');
const search = /** @type {HTMLInputElement} */ (byId('search'));
const faults = createFaults(byId('faults'));
const figures = new Figures();
const details = new Details();
const pauseDialog = createPauseDialog();
const pauseAll = createPauseButton(' all', (isPaused) => pauseDialog.ask(undefined, isPaused));
const services = createServices(byId('services'), byId('services-hint'), (service, isPaused) =>
  pauseDialog.ask(serviceKey(service), isPaused),
);
const switchTable = createSwitchTable(byId('switches'));
const panel = createPanel(() => {
  if (readAddress(location.hash)?.replica !== undefined) history.replaceState(null, '', location.pathname);
  show();
});

/** @type {Decision | undefined} */
let decision;
/** @type {FeedState} */
let state = 'connecting';
let receivedAt = 0;
/** Numbers of decisions, in the order in which they came. */
let received = 0;
let shownLast = 0;
/** @type {ReadonlySet<string>} */
let found = new Set();
let searching = 0;
/** @type {readonly Finding[]} */
let findings = [];
/** @type {readonly Switch[]} */
let switches = [];
/** @type {ReadonlyMap<string, string>} */
let hardware = new Map();
let hardwareAt = -Infinity;
/** @type {ReturnType<typeof import('./charts-view.js').createCharts> | undefined} */
let charts;

/** The replica with the open explanation. */
function target() {
  const named = readAddress(location.hash);
  return named?.replica === undefined ? undefined : named;
}

function showConnection() {
  setText(connection, CONNECTION[state]);
  connection.dataset['state'] = state;
  const feedNotice = notice(state, decision, performance.now() - receivedAt);
  showState(byId('state'), /** @type {HTMLButtonElement} */ (byId('show-findings')), feedNotice, findings, decision);
  byId('figures').classList.toggle('old', state === 'unreachable' || state === 'silent');
}

function showCharts() {
  if (!decision || !charts || document.hidden) return;
  const [drawn, names] = [charts, [...serviceColours(decision).keys()]];
  faults.run('Services of the charts', () => drawn.offer(names));
  faults.run('Charts', () => drawn.show(switches, target()?.replica));
}

function show() {
  showConnection();
  const shown = decision;
  if (!shown || document.hidden) return;
  byId('figures').hidden = false;
  faults.run('Summary', () => showSummary(byId('summary'), shown));
  faults.run('Nodes', () => showNodes(byId('nodes'), byId('nodes-hint'), shown, search.value, hardware));
  faults.run('Services', () => services.show(shown, search.value, found));
  const isPaused = shown.services.length > 0 && shown.services.every(({ paused }) => paused);
  pauseAll.update(isPaused, 'all services');
  const explained = target();
  if (explained) faults.run('Explanation', () => showExplanation(explained, shown));
}

/**
 * Reads the replicas that are shown, of a fleet whose decisions come without them.
 * @param {Decision} latest
 */
async function readDetails(latest) {
  const named = target();
  const explained = named ? [`${named.namespace}/${named.service}`] : [];
  const charted = figures.service === '' ? [] : [figures.service];
  await details.fill(latest, [...new Set([...explained, ...charted, ...services.visible()])]);
}

/** Reads them for the decision that is shown already. */
async function showDetails() {
  const shown = decision;
  if (!shown || !isOverview(shown) || document.hidden) return;
  await readDetails(shown);
  if (decision === shown) show();
}

/** Searches on the page, and in a large fleet by the controller. */
function find() {
  show();
  if (!decision || !isOverview(decision)) return;
  clearTimeout(searching);
  const text = search.value.trim();
  searching = setTimeout(() => {
    const answer = text === '' ? Promise.resolve(new Set()) : servicesWith(text);
    answer
      .then((/** @type {Set<string>} */ answered) => {
        if (search.value.trim() !== text) return undefined;
        found = answered;
        show();
        return showDetails();
      })
      // The feed reports that the controller is unreachable.
      .catch(() => undefined);
  }, SEARCH_MS);
}

/** Requests findings and switches, which are not part of decisions. */
async function ask() {
  if (document.hidden || !decision) return;
  try {
    [findings, switches] = await Promise.all([readFindings(), readSwitches()]);
    if (performance.now() - hardwareAt > ASK_HARDWARE_MS) {
      hardwareAt = performance.now();
      hardware = await nodeHardware();
    }
  } catch {
    // The feed reports that the controller is unreachable.
    return;
  }
  showConnection();
  const { at } = decision;
  faults.run('Findings', () => showFindings(byId('findings'), findings));
  faults.run('Before and after', () => switchTable.show(switches, at));
  byId('no-switch').hidden = switches.length > 0;
  showCharts();
}

/** Loads the time series of the controller. */
async function loadFigures() {
  await figures.load().catch(() => undefined);
  showCharts();
}

/** Shows the replica in the page's address. */
function followAddress() {
  const named = readAddress(location.hash);
  if (named?.replica === undefined) {
    panel.close();
    return;
  }
  const service = `${named.namespace}/${named.service}`;
  panel.open('explanation');
  show();
  void showDetails();
  if (service === figures.service) return showCharts();
  figures.choose(service);
  void loadFigures();
}

/** Runs after the first decision is visible. */
async function begin() {
  if (!decision) return;
  if (figures.service === '') figures.choose(serviceColours(decision).keys().next().value ?? '');
  try {
    const { createCharts } = await import('./charts-view.js');
    charts = createCharts(figures, faults, () => void loadFigures());
  } catch (error) {
    faults.report('Charts', error);
  }
  await Promise.all([showDetails(), loadFigures(), ask()]);
}

// A fault outside of the panels, such as in an event's listener.
addEventListener('error', ({ error, message }) => faults.report('A part of the page', error ?? message));
addEventListener('unhandledrejection', ({ reason }) => faults.report('A part of the page', reason));
byId('pause-all').append(pauseAll.button);
byId('show-findings').addEventListener('click', () => {
  history.replaceState(null, '', location.pathname);
  panel.open('findings');
});
search.addEventListener('input', find);
document.addEventListener('visibilitychange', () => {
  show();
  showCharts();
  void ask();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  search.focus();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showCharts);
addEventListener('hashchange', followAddress);

follow({
  open: (address) => new EventSource(address),
  async onDecision(latest) {
    received++;
    const own = received;
    if (isOverview(latest) && !document.hidden) await readDetails(latest);
    // Replicas may come later than the next decision.
    if (own < shownLast) return;
    shownLast = own;
    const isFirst = !decision;
    const isChanged = decision && settingsOf(decision) !== settingsOf(latest);
    decision = latest;
    receivedAt = performance.now();
    const began = figures.add(latest);
    show();
    if (isFirst) {
      followAddress();
      requestAnimationFrame(() => setTimeout(() => void begin()));
    } else if (began) {
      showCharts();
    }
    if (isChanged) void ask();
  },
  onState(next) {
    const wasAway = state === 'unreachable';
    state = next;
    showConnection();
    if (wasAway && next === 'live') void loadFigures();
  },
});
setInterval(() => void ask(), ASK_MS);
setInterval(showConnection, SHOW_MS);
