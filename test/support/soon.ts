/**
 * For `vi.waitFor`, which gives up after a second by default: on a machine that does much else that is too short. This
 * limit is only for tests to end.
 */
export const SOON = { timeout: 30_000, interval: 20 };
