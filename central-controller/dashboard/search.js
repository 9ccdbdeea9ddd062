/** Finding by a part of the name. */

/**
 * @param {string} text
 * @param {string} wanted what was typed; nothing matches everything
 */
export function matches(text, wanted) {
  return text.toLowerCase().includes(wanted.trim().toLowerCase());
}
