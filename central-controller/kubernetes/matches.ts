/** Would applying an object change anything? Pure. */
import { isDeepStrictEqual } from 'node:util';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Has `observed` every field of `desired` with the same value? Other fields do not count: other managers and the API
 * server set them. Lists must be equal as a whole: in Istio's objects a list is one field, and its order counts.
 */
export function matches(observed: unknown, desired: unknown): boolean {
  if (!isObject(desired)) return isDeepStrictEqual(observed, desired);
  if (!isObject(observed)) return false;
  return Object.entries(desired).every(([key, value]) => matches(observed[key], value));
}
