/** Figures as short text of steady width: three digits at most, units with a narrow no-break space. */

const SPACE = '\u202f';

/**
 * Two or three digits that count.
 * @param {number} value
 */
export function short(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || size === 0 ? 0 : size >= 1 ? 1 : 2);
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}${SPACE}%`;
}

/**
 * Zero stands for "not known yet".
 * @param {number} value seconds
 */
export function duration(value) {
  if (!(value > 0)) return '–';
  if (value >= 1) return `${short(value)}${SPACE}s`;
  return value >= 0.0001 ? `${short(value * 1000)}${SPACE}ms` : `${short(value * 1e6)}${SPACE}µs`;
}

/** @param {number} value */
export function cores(value) {
  return value.toFixed(2);
}

/**
 * Whole seconds, or minutes from two on: the age of something.
 * @param {number} ms
 */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds}${SPACE}s` : `${Math.floor(seconds / 60)}${SPACE}min`;
}

/** A list that is longer than this is cut in a sentence. */
const NAMED = 3;

/** @param {readonly string[]} names */
export function listed(names) {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
