/** Decisions as they are made, by server-sent events; reconnects for as long as the page is open. */

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('./overview.js').FeedState} FeedState
 *
 * @typedef {object} Source What is used of an EventSource.
 * @property {(event: 'open' | 'error' | 'decision', listener: (event: any) => void) => void} addEventListener
 * @property {() => void} close
 */

/** Figures change once a second: fast enough to be live, slow enough to be read. */
const STREAM = '/api/v1/stream?intervalMs=1000';
const RETRY_MS = 2000;
const SILENT_MS = 5000;
const CHECK_MS = 1000;

/**
 * Follows the stream. An EventSource gives up for good on an answer in error, and waits too long after others; so each
 * error closes it, and a new one is opened.
 * @param {{ open: (address: string) => Source, onDecision: (decision: Decision) => void, onState: (state: FeedState) => void }} ports
 */
export function follow({ open, onDecision, onState }) {
  /** @type {FeedState} */
  let state = 'connecting';
  let heardAt = performance.now();

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
      heardAt = performance.now();
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
    if (state === 'live' && performance.now() - heardAt > SILENT_MS) become('silent');
  }, CHECK_MS);
  connect();
}
