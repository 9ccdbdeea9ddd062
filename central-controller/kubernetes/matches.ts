/** Would applying an object change anything? Compared by meaning, not by text. Pure. */
import { isDeepStrictEqual } from 'node:util';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Does `observed` already say all that `wanted` says? Fields that are not wanted are let be: others may set them, and
 * the API server fills in its own. Lists must be equal as a whole: in Istio's objects a list is one field, and its order
 * counts.
 */
export function matches(observed: unknown, wanted: unknown): boolean {
  if (!isObject(wanted)) return isDeepStrictEqual(observed, wanted);
  if (!isObject(observed)) return false;
  return Object.entries(wanted).every(([key, value]) => matches(observed[key], value));
}
