/**
 * For `vi.waitFor` and `expect.poll`, which give up after a second by default: too short on a machine that does much
 * else. This limit is only for tests to end.
 */
export const SOON = { timeout: 30_000, interval: 20 };
