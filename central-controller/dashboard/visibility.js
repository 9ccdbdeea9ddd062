/** Nothing is worked on that is out of sight. */

/** So far outside of what is seen things are kept up to date, so that scrolling finds them so. */
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
 * The same update, done at once while the element is in sight, and else when it comes there.
 * @template T
 * @param {Element} element
 * @param {(item: T) => void} update
 * @returns {(item: T) => void}
 */
export function whileVisible(element, update) {
  let isVisible = true;
  /** @type {{ item: T } | undefined} */
  let waiting;
  listeners.set(element, (now) => {
    isVisible = now;
    if (!isVisible || !waiting) return;
    update(waiting.item);
    waiting = undefined;
  });
  observer.observe(element);
  return (item) => {
    if (isVisible) update(item);
    else waiting = { item };
  };
}
