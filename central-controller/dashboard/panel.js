/** The panel beside the page. It shows an explanation or all findings; Escape closes it. */
import { byId } from './keyed.js';

/**
 * @param {() => void} onClose
 */
export function createPanel(onClose) {
  const panel = /** @type {HTMLDialogElement} */ (byId('panel'));
  /** @type {HTMLElement | undefined} */
  let cameFrom;

  function close() {
    if (!panel.open) return;
    const hadFocus = panel.contains(document.activeElement);
    panel.close();
    if (hadFocus) cameFrom?.focus();
    onClose();
  }

  byId('panel-close').addEventListener('click', close);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !document.querySelector('dialog:modal')) close();
  });

  return {
    close,
    get isOpen() {
      return panel.open;
    },
    /** @param {'explanation' | 'findings'} content */
    open(content) {
      byId('explanation-content').hidden = content !== 'explanation';
      byId('findings-content').hidden = content !== 'findings';
      const { activeElement } = document;
      if (activeElement instanceof HTMLElement && !panel.contains(activeElement)) cameFrom = activeElement;
      if (!panel.open) panel.show();
      panel.scrollTop = 0;
      byId(content === 'explanation' ? 'panel-title' : 'findings-title').focus();
    },
  };
}
