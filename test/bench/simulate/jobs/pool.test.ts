import { describe, expect, it } from 'vitest';
import { run } from '../fleet/run.ts';
import { roundRobin } from '../policies/round-robin.ts';
import { hiddenWait } from '../workloads/hidden-wait.ts';
import { type Figures, metricsOf, type Job } from './job.ts';
import { runAll } from './pool.ts';

const never = new AbortController().signal;

describe('jobs in several processes', () => {
  it('show what a run in this process shows, each once', async () => {
    const jobs = [1, 2].map((seed): Job => ({ workload: hiddenWait.name, policy: roundRobin.name, seed }));
    const shown = new Map<number, Figures>();
    await runAll(jobs, 2, never, ({ seed }, figures) => shown.set(seed, figures));
    expect([...shown.keys()].toSorted()).toEqual([1, 2]);
    expect(shown.get(2)).toEqual(metricsOf(await run(hiddenWait, roundRobin, 2)));
  });

  it('end with the first that fails, and say which', async () => {
    const jobs = [{ workload: 'none', policy: roundRobin.name, seed: 7 }];
    await expect(runAll(jobs, 1, never, () => {})).rejects.toThrow('none at seed 7');
  });

  it('end when they are interrupted', async () => {
    const jobs = [{ workload: hiddenWait.name, policy: roundRobin.name, seed: 1 }];
    await expect(runAll(jobs, 1, AbortSignal.abort(), () => {})).rejects.toThrow('aborted');
  });
});

it('takes percentiles of all requests, in ms', () => {
  const latencies = Float64Array.from({ length: 1000 }, (_, index) => (index + 1) / 1000);
  const figures = metricsOf({ latencies, failures: 3 });
  expect(figures).toMatchObject({ requests: 1000, failures: 3, p50: 501, p99: 991, p999: 1000 });
  expect(figures.mean).toBeCloseTo(500.5);
});
