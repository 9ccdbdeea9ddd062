/** Runs the panels of the page. A fault in one panel costs that panel only, and the page reports it. */
import { element, setText, updateList } from './keyed.js';

/** @typedef {ReturnType<typeof createFaults>} Faults */

/** @param {HTMLElement} list where the page shows the faults */
export function createFaults(list) {
  /** @type {Map<string, string>} message by panel */
  const faults = new Map();

  function show() {
    list.hidden = faults.size === 0;
    updateList(
      list,
      [...faults],
      ([panel]) => panel,
      () => {
        const item = element('li');
        return {
          element: item,
          update: ([panel, message]) =>
            setText(item, `${panel} cannot be shown: ${message}. Reload the page, or use another browser.`),
        };
      },
    );
  }

  /**
   * @param {string} panel
   * @param {unknown} error
   */
  function report(panel, error) {
    const message = error instanceof Error ? error.message : String(error);
    if (faults.get(panel) === message) return;
    console.error(`${panel}:`, error);
    faults.set(panel, message);
    show();
  }

  return {
    report,
    /**
     * @param {string} panel
     * @param {() => void} update
     */
    run(panel, update) {
      try {
        update();
        if (faults.delete(panel)) show();
      } catch (error) {
        report(panel, error);
      }
    },
  };
}
