import { describe, expect, test } from 'vitest';
import { type PooledProbe, ProbePool } from './probe-pool.ts';
import { RecentQuantile } from './recent-quantile.ts';

function probe(replica: number, requestsInFlight: number, latency: number, receivedAt = 0, usesLeft = 9): PooledProbe {
  return { replica, requestsInFlight, latency, receivedAt, usesLeft };
}

function pool(size: number, ...probes: readonly PooledProbe[]): ProbePool {
  const filled = new ProbePool(size);
  for (const one of probes) filled.add(one);
  return filled;
}

const replicas = (of: ProbePool): number[] => of.probes.map(({ replica }) => replica);

describe('the hot-cold lexicographic rule', () => {
  const hand = [probe(0, 3, 0.2), probe(1, 9, 0.01), probe(2, 2, 0.3), probe(3, 5, 0.1)];

  test('takes the quickest of the cold', () => {
    expect(pool(16, ...hand).best(4)?.replica).toBe(0);
    expect(pool(16, ...hand).best(5)?.replica).toBe(3);
    expect(pool(16, ...hand).best(9)?.replica).toBe(1);
  });

  test('takes the fewest in flight where all are hot', () => {
    expect(pool(16, ...hand).best(1)?.replica).toBe(2);
  });

  test('reversed takes the hot with the most in flight, else the slowest', () => {
    const byHeat = pool(16, ...hand);
    byHeat.removeWorst(4);
    byHeat.removeWorst(4);
    expect(replicas(byHeat)).toEqual([0, 2]);
    byHeat.removeWorst(4);
    expect(replicas(byHeat)).toEqual([0]);
  });
});

describe('the pool', () => {
  test('keeps the newest probe of a replica and drops the oldest when full', () => {
    const full = pool(2, probe(0, 1, 1), probe(1, 1, 1), probe(0, 2, 1), probe(2, 1, 1));
    expect(full.probes).toEqual([probe(0, 2, 1), probe(2, 1, 1)]);
  });

  test('drops what is too old', () => {
    const aged = pool(4, probe(0, 1, 1, 0.5), probe(1, 1, 1, 1.5));
    aged.dropReceivedBefore(1);
    expect(replicas(aged)).toEqual([1]);
  });

  test('counts a request that is sent as in flight, and spends the probe', () => {
    const one = probe(0, 1, 1, 0, 2);
    const used = pool(4, one);
    used.use(one);
    expect(used.probes[0]?.requestsInFlight).toBe(2);
    used.use(one);
    expect(used.probes).toEqual([]);
  });
});

test('a quantile is over the last values only', () => {
  const quantile = new RecentQuantile(4);
  expect(quantile.at(0.5)).toBe(Number.POSITIVE_INFINITY);
  for (const value of [99, 4, 1, 3, 2]) quantile.add(value);
  expect([0, 0.5, 0.84, 1].map((rank) => quantile.at(rank))).toEqual([1, 2, 4, 4]);
});
