/** Updates elements only while they are visible. */

/** Elements this close to the visible area are updated too, so that scrolling shows no old values. */
const MARGIN = '200px';

/** @type {WeakMap<Element, (isVisible: boolean) => void>} */
const listeners = new WeakMap();

/** @type {WeakSet<Element>} */
const visible = new WeakSet();

/** @param {Element} element that is updated while it is visible */
export function isVisible(element) {
  return visible.has(element);
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
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
  let isShown = true;
  /** @type {{ item: T } | undefined} */
  let pending;
  listeners.set(element, (now) => {
    isShown = now;
    if (!isShown || !pending) return;
    update(pending.item);
    pending = undefined;
  });
  observer.observe(element);
  return (item) => {
    if (isShown) update(item);
    else pending = { item };
  };
}
