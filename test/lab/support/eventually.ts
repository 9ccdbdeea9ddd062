import { vi } from 'vitest';

/** States of a cluster come when they come: this limit is only for tests to end. */
const LIMIT_MS = 120_000;
const INTERVAL_MS = 250;

/** Runs the expectations again and again until they hold, and returns what they return. */
export async function eventually<T>(expectations: () => Promise<T>): Promise<T> {
  return vi.waitFor(expectations, { timeout: LIMIT_MS, interval: INTERVAL_MS });
}
