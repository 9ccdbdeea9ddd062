/** Waiting in tests for what comes when it comes. These limits are only for tests to end. */
import { vi } from 'vitest';

/** For `vi.waitFor` and `expect.poll`, whose own limit of a second is too short on a busy machine. */
export const SOON = { timeout: 30_000, interval: 20 };

/** For states of a whole cluster. */
const CLUSTER = { timeout: 120_000, interval: 250 };

/** Repeats the expectations on a cluster until they hold, and returns what they return. */
export async function eventually<T>(expectations: () => Promise<T>): Promise<T> {
  return vi.waitFor(expectations, CLUSTER);
}
