import { describe, expect, it } from 'vitest';
import { metricsOf, summarise } from './figures.ts';

describe('the figures of a cluster', () => {
  it('come out of the rows of the parts that were measured, and of no others', () => {
    const change = { measure: 'changes', due: 1000 };
    const rows = [
      { measure: 'up', step: 'Programs', seconds: 2 },
      { measure: 'up', up_s: 74.5 },
      { ...change, routing: 'Endpoint', change: '3 to 6 replicas', failed: 0 },
      { ...change, routing: 'Subset', change: '3 to 6 replicas', failed: 1 },
      { ...change, routing: 'Subset', change: '6 to 2 replicas', failed: 20 },
      { ...change, routing: 'Subset', change: 'rolling update', failed: 7 },
      ...Array.from({ length: 10 }, (_, index) => ({ measure: 'reaction', used_ms: 100 * index, decided_ms: 1 })),
      { measure: 'cost', part: 'controller', cpu_percent: 3, rss_mb: 120 },
      { measure: 'cost', part: 'follower', cpu_percent: 9, rss_mb: 300 },
      { measure: 'cost', part: 'agent', cpu_percent: 0.5, rss_mb: 70 },
      { measure: 'cost', part: 'agent', cpu_percent: 0.4, rss_mb: 75 },
    ];
    expect(summarise(rows)).toEqual({
      up_s: 74.5,
      scale_failed_endpoint: 0,
      scale_failed_subset: 21,
      rolling_failed_subset: 7,
      cpu_to_pick_ms_p99: 900,
      controller_rss_mb: 120,
      controller_cpu_percent: 3,
      agent_rss_mb: 75,
      agent_cpu_percent: 0.5,
    });
  });

  it('have their limits beside them', () => {
    const figures = metricsOf({ scale_failed_subset: 21, up_s: 74.5 });
    expect(figures).toEqual([
      { key: 'up_s', label: 'from nothing to balanced', unit: 's', limit: 90, value: 74.5 },
      expect.not.objectContaining({ limit: expect.anything() as unknown }),
    ]);
  });
});
