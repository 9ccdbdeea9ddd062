/** Updates elements only while they are visible. */

/** Elements this close to the visible area are updated too, so that scrolling shows no old values. */
const MARGIN = '200px';

/** @type {WeakMap<Element, (isVisible: boolean) => void>} */
const listeners = new WeakMap();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      try {
        listeners.get(target)?.(isIntersecting);
      } catch (error) {
        // The other elements are updated nevertheless.
        reportError(error);
      }
    }
  },
  { rootMargin: MARGIN },
);

/**
 * Runs `update` at once while the element is visible, else when it becomes visible.
 * @template T
 * @param {Element} element
 * @param {(item: T) => void} update
 * @returns {(item: T) => void}
 */
export function whileVisible(element, update) {
  let isVisible = true;
  /** @type {{ item: T } | undefined} */
  let pending;
  listeners.set(element, (now) => {
    isVisible = now;
    if (!isVisible || !pending) return;
    update(pending.item);
    pending = undefined;
  });
  observer.observe(element);
  return (item) => {
    if (isVisible) update(item);
    else pending = { item };
  };
}
