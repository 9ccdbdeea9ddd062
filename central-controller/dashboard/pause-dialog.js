/** Pauses and resumes balancing, after a confirmation. */
import { pause, pauses, resume } from './controller.js';
import { byId, element, setText } from './keyed.js';

/** @type {readonly [string, number][]} */
const DURATIONS = [
  ['five minutes', 300],
  ['an hour', 3600],
  ['a day', 86_400],
];

/** The maximum length that the controller accepts. */
const MAX_REASON = 200;

/**
 * The settings of the form, as the API takes them.
 * @param {HTMLSelectElement} duration
 * @param {HTMLInputElement} reason
 */
function settings(duration, reason) {
  const ttlSeconds = DURATIONS[Number(duration.value)]?.[1];
  const why = reason.value.trim();
  return { ...(ttlSeconds !== undefined && { ttlSeconds }), ...(why !== '' && { reason: why }) };
}

/** The dialog. The next decisions show what it changed. */
export function createPauseDialog() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('pause-dialog'));
  const title = byId('pause-title');
  const meaning = byId('pause-meaning');
  const options = byId('pause-options');
  const duration = /** @type {HTMLSelectElement} */ (byId('pause-duration'));
  const reason = /** @type {HTMLInputElement} */ (byId('pause-reason'));
  const trouble = byId('pause-trouble');
  const confirm = byId('pause-confirm');
  /** @type {() => Promise<unknown>} */
  let act = () => Promise.resolve();

  duration.append(...DURATIONS.map(([name], index) => new Option(name, String(index))));
  reason.maxLength = MAX_REASON;
  byId('pause-cancel').addEventListener('click', () => dialog.close());
  byId('pause-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await act();
      dialog.close();
    } catch (error) {
      setText(trouble, error instanceof Error ? error.message : String(error));
    }
  });

  /**
   * @param {string} question
   * @param {string} what
   * @param {string} verb
   * @param {() => Promise<unknown>} doIt
   */
  function ask(question, what, verb, doIt) {
    setText(title, question);
    setText(meaning, what);
    setText(confirm, verb);
    setText(trouble, '');
    act = doIt;
    dialog.showModal();
  }

  /** @param {string | undefined} service */
  function askToPause(service) {
    options.hidden = false;
    ask(
      service === undefined ? 'Pause balancing of all services?' : `Pause balancing of ${service}?`,
      'Weights stay as they are now, and requests go on. Balancing resumes by itself after this time.',
      'Pause',
      () => pause(service, settings(duration, reason)),
    );
  }

  /** @param {string | undefined} service */
  async function askToResume(service) {
    options.hidden = true;
    const all = await pauses().catch(() => []);
    // A service that was paused with all others cannot be resumed alone.
    const own = all.some((each) => each.service === service) ? service : undefined;
    const targets = service === undefined ? all.map((each) => each.service) : [own];
    ask(
      targets.includes(undefined)
        ? 'Resume balancing of all services?'
        : `Resume balancing of ${service ?? 'all services'}?`,
      own === service ? 'Ballast decides the weights again.' : `${service} was paused together with all others.`,
      'Resume',
      () => Promise.all(targets.map(resume)),
    );
  }

  return {
    /**
     * @param {string | undefined} service `<namespace>/<name>`; undefined: all
     * @param {boolean} isPaused
     */
    ask(service, isPaused) {
      if (isPaused) void askToResume(service);
      else askToPause(service);
    },
  };
}

/**
 * A button that pauses or resumes something.
 * @param {string} what follows the verb in the label
 * @param {(isPaused: boolean) => void} ask
 */
export function createPauseButton(what, ask) {
  const button = element('button', 'quiet', `Pause${what}`);
  button.type = 'button';
  let isPaused = false;
  button.addEventListener('click', () => ask(isPaused));
  return {
    button,
    /**
     * @param {boolean} paused
     * @param {string} name
     */
    update(paused, name) {
      isPaused = paused;
      setText(button, `${paused ? 'Resume' : 'Pause'}${what}`);
      button.setAttribute('aria-label', `${paused ? 'Resume' : 'Pause'} ${name}`);
    },
  };
}
