import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { RecentLatency } from '../../../apps/video-recommendation/statistics/recent-latency.ts';
import { Traffic } from '../../../apps/video-recommendation/statistics/traffic.ts';

let now = 0;

test('latency is that of the last half to whole minute', () => {
  const latency = new RecentLatency(0);
  expect(latency.percentiles(0)).toBeUndefined();
  for (let ms = 1; ms <= 100; ms++) latency.record(ms, 10_000);
  expect(latency.percentiles(29_000)?.p50Ms).toBeCloseTo(50, -1);
  latency.record(500, 40_000);
  // Both halves count.
  expect(latency.percentiles(40_000)?.p50Ms).toBeCloseTo(50, -1);
  expect(latency.percentiles(40_000)?.p99Ms).toBeCloseTo(99, -1);
  expect(latency.percentiles(75_000)?.p50Ms).toBeCloseTo(500, -1);
  expect(latency.percentiles(500_000)).toBeUndefined();
});

test('traffic is told by the replica that answered', async () => {
  const registry = new Registry();
  const traffic = new Traffic(registry, () => now);
  const call = { dependency: 'user-service.shop', ms: 4 };
  for (const replica of ['user-service-10', 'user-service-2', 'user-service-2']) {
    traffic.record({ ...call, replica, hasFailed: false });
  }
  traffic.record({ ...call, replica: 'user-service-2', hasFailed: true });
  traffic.record({ ...call, replica: undefined, hasFailed: true });
  const latency = { p50Ms: expect.closeTo(4, 0), p99Ms: expect.closeTo(4, 0) };
  expect(traffic.snapshot()).toEqual([
    {
      dependency: 'user-service.shop',
      replicas: [
        { replica: 'none', requests: 1, errors: 1, latency },
        { replica: 'user-service-2', requests: 3, errors: 1, latency },
        { replica: 'user-service-10', requests: 1, errors: 0, latency },
      ],
    },
  ]);
  const metrics = await registry.metrics();
  expect(metrics).toContain(
    'video_recommendation_dependency_requests_total{dependency="user-service.shop",replica="user-service-2",outcome="failed"} 1',
  );
  expect(metrics).toContain(
    'video_recommendation_dependency_duration_seconds_count{dependency="user-service.shop",replica="none"} 1',
  );
});

test('replicas that were not asked for the longest are forgotten', async () => {
  const registry = new Registry();
  const traffic = new Traffic(registry, () => now);
  for (now = 0; now < 300; now++) {
    traffic.record({ dependency: 'shop', replica: `pod-${now}`, ms: 1, hasFailed: now % 2 === 0 });
    // Asked again and again, so it stays.
    traffic.record({ dependency: 'shop', replica: 'pod-0', ms: 1, hasFailed: false });
  }
  const replicas = traffic.snapshot().flatMap((each) => each.replicas.map(({ replica }) => replica));
  expect(replicas).toHaveLength(200);
  expect(replicas).toContain('pod-0');
  expect(replicas).toContain('pod-299');
  expect(replicas).not.toContain('pod-1');
  const metrics = await registry.metrics();
  expect(metrics).not.toContain('replica="pod-1"');
  expect(metrics).toContain('replica="pod-299"');
});
