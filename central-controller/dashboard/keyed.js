/** Changes a list in place: elements of the page live as long as what they show, so focus and transitions survive. */

/** @type {WeakMap<Element, Map<string, { element: Element, update: (item: any) => void }>>} */
const shown = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, in that order, behind children that it had already (a table's head).
 * `create` builds the element of a new item and answers with what updates it.
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
 * Writes only what has changed: an unchanged text is not read out or selected anew.
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
 * An element that the page is written with.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}
