import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BenchResult } from '../support/bench.ts';
import type { Served } from './clients.ts';
import { CROWD, SETTINGS } from './conditions.ts';
import { courseOf, crowdRounds, type Measured, requestsPerSecond, roundOf, summarise, summaryOf } from './figures.ts';
import { drawExperiment } from './picture.ts';
import { experimentPage } from './report.ts';

const [, setting] = SETTINGS;
if (!setting) throw new Error('no setting with three replicas');

function served(count: number, stepMs: number, latencyMs: (index: number) => number): Served[] {
  return Array.from({ length: count }, (_, index) => {
    return { atMs: index * stepMs, latencyMs: latencyMs(index), replica: `pdf-converter-${index % 4 === 0 ? 0 : 1}` };
  });
}

test('percentiles, rate and the busiest replica are those of the requests', () => {
  const requests = served(100, 10, (index) => index + 1);
  const round = roundOf({ setting, clients: 1, served: requests });
  expect(round).toMatchObject({ setting: '3 replicas, LEAST_REQUEST', requests: 100, neighbour: 'off' });
  expect(round['p50_ms']).toBeCloseTo(50, 0);
  expect(round['max_ms']).toBeCloseTo(100, 0);
  expect(round['busiest_replica_share']).toBe(0.75);
  // From 0 to the end of the last one: 990 ms + 100 ms.
  expect(requestsPerSecond(requests)).toBeCloseTo(100 / 1.09, 6);
  expect(summaryOf([]).p99).toBe(0);
});

test('the course has a point for each second that had a request', () => {
  const requests = [...served(10, 100, () => 20), ...served(5, 10, () => 40).map((one) => ({ ...one, atMs: 3200 }))];
  expect(courseOf(requests).map(({ atMs, requests: count }) => [atMs, count])).toEqual([
    [0, 10],
    [3000, 5],
  ]);
  expect(courseOf(requests)[1]?.p50Ms).toBeCloseTo(40, 1);
});

test('a crowd is told apart by when its neighbour began, and the summary compares balancers', () => {
  const crowdOf = (slow: number, name: Measured['setting']): Measured => ({
    setting: name,
    clients: CROWD.clients,
    served: served(600, 100, (index) => (index * 100 < CROWD.neighbourFromSeconds * 1000 ? 100 : slow)),
  });
  const rounds = SETTINGS.slice(1).flatMap((each) =>
    crowdRounds(crowdOf(each.balancer === 'ballast' ? 200 : 800, each)),
  );
  expect(rounds.map(({ neighbour, requests }) => [neighbour, requests])).toEqual([
    ['off', 300],
    ['on', 300],
    ['off', 300],
    ['on', 300],
  ]);
  expect(summarise(rounds)['p99_crowd_neighbour_ratio']).toBeCloseTo(0.25, 2);
});

test('the picture names every setting and draws each request', () => {
  const distributions = SETTINGS.map((each) => ({ setting: each, clients: 10, served: served(50, 5, () => 30) }));
  const crowds = distributions.slice(1).map((each) => ({ ...each, clients: CROWD.clients }));
  const svg = drawExperiment('a note', distributions, crowds);
  expect(svg.match(/<circle/g)).toHaveLength(150);
  for (const name of ['1 replica', '3 replicas, LEAST_REQUEST', '3 replicas, Ballast', 'noisy neighbour']) {
    expect(svg).toContain(name);
  }
  expect(svg).not.toContain('NaN');
});

test('the page in docs is made from the figures beside it', async () => {
  const docs = join(import.meta.dirname, '../../../docs');
  const figures = JSON.parse(await readFile(join(docs, 'figures/pdf.json'), 'utf8')) as BenchResult;
  expect(await readFile(join(docs, 'reference/pdf-experiment.md'), 'utf8')).toBe(await experimentPage(figures));
});
