import { defineConfig } from 'vitest/config';

// `expect.poll` gives up after a second by default: too short on a machine that does much else. These limits are only for
// tests to end.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          expect: { poll: { timeout: 30_000 } },
          // Else what is printed has colours where CI is set, and none where it is not.
          env: { NO_COLOR: '1' },
          include: ['test/**/*.test.ts'],
          exclude: ['envoy', 'apps', 'tools', 'cluster', 'dashboard', 'lab'].map((folder) => `test/${folder}/**`),
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Real processes on real ports: one file at a time, so that they do not starve each other.
        test: {
          name: 'real',
          expect: { poll: { timeout: 90_000 } },
          include: ['envoy', 'apps', 'tools', 'cluster'].map((folder) => `test/${folder}/**/*.test.ts`),
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // One browser at a time, too: it wants a core by itself.
        test: {
          name: 'browser',
          expect: { poll: { timeout: 90_000 } },
          include: ['test/dashboard/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        // One real cluster for all of them, which is the only one that a machine can have.
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: 'test/lab/support/global-setup.ts',
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
