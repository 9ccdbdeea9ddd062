/** The shipped code runs in virtual time as it does in a mesh: it learns, publishes, and every pick follows. */
import { describe, expect, it } from 'vitest';
import type { ControlLoop } from '../../../../central-controller/loop.ts';
import type { Policy } from '../fleet/ports.ts';
import { exponential } from '../fleet/random.ts';
import { run } from '../fleet/run.ts';
import type { Workload } from '../workloads/workload.ts';
import { ballast } from './policy.ts';

/** Four replicas on two nodes, the second of which a neighbour fills by three quarters. */
const workload: Workload = {
  name: 'two nodes',
  about: 'one of two nodes is mostly taken',
  nodes: [{ cores: 2 }, { cores: 2 }],
  services: [
    {
      name: 'echo',
      callers: 3,
      replicas: [0, 0, 1, 1].map((node) => ({ node, allocationCores: 0.5 })),
      arrivals: { requestsPerSecond: 150 },
      work: exponential(0.01),
    },
  ],
  antagonists: [{ node: 1, weight: 10, levels: [1.5], holdSeconds: 1000 }],
  seconds: 10,
};

/** The policy, and how many requests each replica got in the end. */
function counted(policy: Policy): { policy: Policy; counts: number[] } {
  const counts: number[] = [];
  return {
    counts,
    policy: {
      name: policy.name,
      async start(fleet) {
        const running = await policy.start(fleet);
        return {
          balancer(service, caller) {
            const balancer = running.balancer(service, caller);
            return {
              pick(request) {
                const replica = balancer.pick(request);
                if (fleet.timeline.now > 20) counts[replica] = (counts[replica] ?? 0) + 1;
                return replica;
              },
              answered: (request, replica, answer) => balancer.answered(request, replica, answer),
            };
          },
          replicaSide: (service, replica) => running.replicaSide?.(service, replica) ?? expect.unreachable(),
        };
      },
    },
  };
}

describe('Ballast in the simulator', () => {
  it('moves requests away from a busy node, and leaves none to Istio once it has published', async () => {
    let loop: ControlLoop | undefined;
    const fallbacks = new Set<number>();
    const watch = (started: ControlLoop): void => {
      loop = started;
      started.state.onDecision(({ tick }) => {
        const left = started.state.proxies().reduce((sum, proxy) => sum + proxy.fallbacks, 0);
        if (tick > 60) fallbacks.add(left);
      });
    };
    const { policy, counts } = counted(ballast({ watch }));
    const result = await run(workload, policy, 1);
    expect(result.failures).toBe(0);
    expect([...fallbacks]).toHaveLength(1);
    const weights = loop?.state.decision?.services[0]?.replicas.map(({ weight }) => weight) ?? [];
    expect(weights).toHaveLength(4);
    const onIdleNode = (weights[0] ?? 0) + (weights[1] ?? 0);
    expect(onIdleNode).toBeGreaterThan(0.7);
    const all = counts.reduce((sum, count) => sum + count, 0);
    expect(((counts[0] ?? 0) + (counts[1] ?? 0)) / all).toBeGreaterThan(0.7);
    expect(counts.filter((count) => count > 0)).toHaveLength(4);
  });

  it('runs the same for the same seed, and otherwise with other parameters', async () => {
    const once = await run(workload, ballast(), 7);
    expect((await run(workload, ballast(), 7)).latencies).toEqual(once.latencies);
    expect((await run(workload, ballast({ parameters: { gain: 0.1 } }), 7)).latencies).not.toEqual(once.latencies);
  });
});
