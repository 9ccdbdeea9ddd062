import { expect, it } from 'vitest';
import { run } from '../fleet/run.ts';
import { oracle } from '../policies/oracle.ts';
import { workloads } from './all.ts';

it('have names of their own', () => {
  expect(new Set(workloads.map(({ name }) => name)).size).toBe(workloads.length);
});

it.each(workloads)('can be carried: $name', async (workload) => {
  const { failures, latencies } = await run({ ...workload, seconds: 15 }, oracle, 1);
  expect(latencies.length).toBeGreaterThan(1000);
  expect(failures).toBe(0);
});

it.each(workloads)('has enough requests for a p99.9: $name', ({ services, seconds }) => {
  const rate = services.reduce((sum, { arrivals }) => sum + arrivals.requestsPerSecond, 0);
  expect(rate * seconds).toBeGreaterThan(30_000);
});
