/** Receives decisions by server-sent events, and reconnects while the page is open. */

/**
 * @typedef {import('./overview.js').ShownDecision} Decision
 * @typedef {import('./overview.js').FeedState} FeedState
 *
 * @typedef {object} Source The used part of an EventSource.
 * @property {(event: 'open' | 'error' | 'decision', listener: (event: any) => void) => void} addEventListener
 * @property {() => void} close
 */

/**
 * One decision per second: fast enough to be live, slow enough to read. Decisions on more replicas come as sums: reading
 * and showing all of them would take most of a second.
 */
const STREAM = '/api/v1/stream?intervalMs=1000&maxReplicas=1500';
const RETRY_MS = 2000;
const SILENT_MS = 5000;
const CHECK_MS = 1000;

/**
 * Follows the stream. An EventSource gives up after an HTTP error and waits too long after other errors, so each error
 * closes it and opens a new one.
 * @param {{ open: (address: string) => Source, onDecision: (decision: Decision) => void, onState: (state: FeedState) => void }} ports
 */
export function follow({ open, onDecision, onState }) {
  /** @type {FeedState} */
  let state = 'connecting';
  let lastSeen = performance.now();

  /** @param {FeedState} next */
  function become(next) {
    if (next === state) return;
    state = next;
    onState(state);
  }

  function connect() {
    const source = open(STREAM);
    source.addEventListener('open', () => become('waiting'));
    source.addEventListener('decision', ({ data }) => {
      lastSeen = performance.now();
      onDecision(JSON.parse(data));
      become('live');
    });
    source.addEventListener('error', () => {
      source.close();
      become('unreachable');
      setTimeout(connect, RETRY_MS);
    });
  }

  setInterval(() => {
    if (state === 'live' && performance.now() - lastSeen > SILENT_MS) become('silent');
  }, CHECK_MS);
  connect();
}
