/** Updates elements in place, so that focus and transitions survive. */

/** @type {WeakMap<Element, Map<string, { element: Element, update: (item: any) => void }>>} */
const shown = new WeakMap();

/**
 * Gives `parent` one child per item, in the order of the items, after the children that it already had.
 * `create` makes the element of a new item, and the function that updates it.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => { element: Element, update: (item: T) => void }} create
 */
export function updateList(parent, items, key, create) {
  const before = shown.get(parent) ?? new Map();
  const after = new Map();
  const listed = new Set([...before.values()].map((entry) => entry.element));
  let place = parent.firstElementChild;
  while (place && !listed.has(place)) place = place.nextElementSibling;
  for (const item of items) {
    const entry = before.get(key(item)) ?? create(item);
    after.set(key(item), entry);
    entry.update(item);
    if (place && entry.element === place) place = place.nextElementSibling;
    else parent.insertBefore(entry.element, place);
  }
  for (const [name, entry] of before) if (!after.has(name)) entry.element.remove();
  shown.set(parent, after);
}

/**
 * Sets a text if it changed. Screen readers would read an unchanged text again, and a selection would be lost.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const { firstChild } = element;
  if (!(firstChild instanceof Text) || firstChild.nextSibling) element.textContent = text;
  else if (firstChild.data !== text) firstChild.data = text;
}

/**
 * An element with class and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * An element of index.html.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}
