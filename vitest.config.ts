import { defineConfig } from 'vitest/config';

/** Tests of real processes on real ports, of a browser and of the lab: each has a project of its own below. */
const REAL = ['envoy', 'apps', 'tools', 'cluster'].map((folder) => `test/${folder}/**/*.test.ts`);
const BROWSER = ['test/dashboard/**/*.test.ts'];
const LAB = ['test/lab/**/*.test.ts'];
const CGROUP_V2 = ['test/cgroup-v2/**/*.test.ts'];

/** Tests that start our own programs, or simulate fleets for seconds: `npm run test:unit` leaves them out. */
const PROGRAMS = [
  'test/bench/**/*.test.ts',
  'test/central-controller/cli/**/*.test.ts',
  'test/central-controller/*.test.ts',
  'test/central-controller/api/slow-requests.test.ts',
  'test/docs/**/*.test.ts',
  'test/host-agent/*.test.ts',
  // It gives systeminformation another machine, which the library remembers.
  'test/host-agent/sample/busy-counter.test.ts',
  'test/host-agent/apply/agent.test.ts',
  'test/host-agent/apply/policy-to-cgroup.test.ts',
  'test/istio-configs/**/*.test.ts',
];

// `expect.poll` gives up after a second by default, which is too short for a machine that does much else. These limits
// only end a test that hangs.
const patient = { expect: { poll: { timeout: 30_000 } }, testTimeout: 60_000, hookTimeout: 60_000 };
// With CI set, printed text would have colours.
const plain = { env: { NO_COLOR: '1' } };

export default defineConfig({
  test: {
    projects: [
      {
        // On all cores, and in few processes: most of the time would go into loading the same modules for each file.
        test: {
          name: 'unit',
          ...patient,
          ...plain,
          isolate: false,
          // Files share a process, so what one replaces comes back before the next.
          restoreMocks: true,
          maxWorkers: '100%',
          // Projects with other numbers of workers run one after the other.
          sequence: { groupOrder: 1 },
          include: ['test/**/*.test.ts'],
          exclude: [...PROGRAMS, ...REAL, ...BROWSER, ...LAB, ...CGROUP_V2],
        },
      },
      { test: { name: 'programs', ...patient, ...plain, include: PROGRAMS } },
      {
        // One file at a time, so that real processes do not starve each other.
        test: {
          name: 'real',
          expect: { poll: { timeout: 90_000 } },
          include: REAL,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // A browser wants a core by itself.
        test: {
          name: 'browser',
          expect: { poll: { timeout: 90_000 } },
          include: BROWSER,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        // One virtual machine for all of them. Its processor is emulated.
        test: {
          name: 'cgroup-v2',
          include: CGROUP_V2,
          globalSetup: 'test/cgroup-v2/support/global-setup.ts',
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        // A machine can have one lab.
        test: {
          name: 'lab',
          include: LAB,
          globalSetup: 'test/lab/support/global-setup.ts',
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
