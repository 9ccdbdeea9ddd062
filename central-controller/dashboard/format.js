/** Numbers as short text of constant width: at most three digits, and units after a narrow no-break space. */

const SPACE = '\u202f';

/**
 * Two or three significant digits.
 * @param {number} value
 */
export function short(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || size === 0 ? 0 : size >= 1 ? 1 : 2);
}

/** @param {number} fraction 0 to 1 */
export function percent(fraction) {
  return `${(fraction * 100).toFixed(fraction > 0 && fraction < 0.1 ? 1 : 0)}${SPACE}%`;
}

/**
 * Zero means not known yet.
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
 * An age: whole seconds, from two minutes on whole minutes.
 * @param {number} ms
 */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds}${SPACE}s` : `${Math.floor(seconds / 60)}${SPACE}min`;
}

/**
 * What a node is made of, in one line.
 * @param {import('../../contract/node-inventory.ts').NodeInventory} inventory
 */
export function hardware({ cpuModel, cpuGHz, cores, threads, virtual, memoryBytes, kernel, cgroupVersion }) {
  return [
    cpuModel || 'unknown processor',
    ...(cpuGHz === null ? [] : [`${short(cpuGHz)}${SPACE}GHz`]),
    `${cores} cores`,
    ...(threads === cores ? [] : [`${threads} threads`]),
    `${short(memoryBytes / 2 ** 30)}${SPACE}GiB`,
    ...(virtual ? ['virtual machine'] : []),
    `kernel ${kernel}`,
    ...(cgroupVersion === null ? [] : [`cgroup ${cgroupVersion}`]),
  ].join(', ');
}

/** Names in a sentence; a longer list is cut. */
const MAX_NAMES = 3;

/** @param {readonly string[]} names */
export function listed(names) {
  const rest = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
