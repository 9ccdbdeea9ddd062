import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/envoy/**', 'test/apps/**', 'test/cluster/**'],
          testTimeout: 60_000,
        },
      },
      {
        // Real processes on real ports: one file at a time, so that they do not starve each other.
        test: {
          name: 'real',
          include: ['test/envoy/**/*.test.ts', 'test/apps/**/*.test.ts', 'test/cluster/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
