import { describe, expect, it } from 'vitest';
import { uniform } from '../policies/uniform.ts';
import type { Workload } from '../workloads/workload.ts';
import { NETWORK_SECONDS, SimulatedFleet, TIMEOUT_SECONDS } from './fleet.ts';
import type { Answer, Policy, ReplicaReport } from './ports.ts';
import { constant, exponential } from './random.ts';
import type { ReplicaPlan } from './replica.ts';
import { run } from './run.ts';
import { EventQueue } from './timeline.ts';

function workload(replicas: readonly ReplicaPlan[], requestsPerSecond = 100): Workload {
  return {
    name: 'test',
    about: 'one node of two cores',
    nodes: [{ cores: 2 }],
    services: [{ name: 'service', callers: 2, replicas, arrivals: { requestsPerSecond }, work: exponential(0.01) }],
    antagonists: [{ node: 0, weight: 1, levels: [0, 0.5], holdSeconds: 1 }],
    seconds: 5,
  };
}

const REPLICA = { node: 0, allocationCores: 1 };

/** The responses to these works, sent at once. */
function answersTo(plan: ReplicaPlan, works: readonly number[]): Answer[] {
  const timeline = new EventQueue();
  const fleet = new SimulatedFleet(timeline, { ...workload([plan]), antagonists: [] }, 1);
  const answers: Answer[] = [];
  works.forEach((work, id) => fleet.send(0, 0, { id, work, luck: 0.4 }, (answer) => answers.push(answer)));
  timeline.runUntil(20);
  return answers;
}

describe('a request', () => {
  it('takes the network twice and its work', () => {
    expect(answersTo(REPLICA, [0.1]).map(({ latency }) => latency)).toEqual([
      expect.closeTo(0.1 + 2 * NETWORK_SECONDS),
    ]);
  });

  it('has a core of its own at most, and shares where there are more requests than cores', () => {
    const latencies = answersTo(REPLICA, [0.1, 0.1, 0.1, 0.1]).map(({ latency }) => latency - 2 * NETWORK_SECONDS);
    for (const latency of latencies) expect(latency).toBeCloseTo(0.2);
  });

  it('takes 16 times as long on a processor that is 16 times slower', () => {
    const [answer] = answersTo({ ...REPLICA, speed: 1 / 16 }, [0.1]);
    expect(answer?.latency).toBeCloseTo(1.6 + 2 * NETWORK_SECONDS);
  });

  it('waits for what is no CPU without using any', () => {
    const waits = answersTo({ ...REPLICA, waitSeconds: 0.05, limitCores: 1 }, [0.1, 0.1]);
    expect(waits.map(({ latency }) => latency)).toEqual([expect.closeTo(0.2505), expect.closeTo(0.2505)]);
  });

  it('is given up at the timeout, and its work with it', () => {
    const [short, long] = answersTo({ ...REPLICA, limitCores: 1 }, [4, 20]).toSorted((a, b) => a.latency - b.latency);
    expect([short, long]).toEqual([
      { latency: TIMEOUT_SECONDS, failed: true },
      { latency: TIMEOUT_SECONDS, failed: true },
    ]);
    expect(answersTo({ ...REPLICA, limitCores: 1 }, [2, 20])[0]?.latency).toBeCloseTo(4 + 2 * NETWORK_SECONDS);
  });

  it('fails by its luck, quickly, and the replica says so', () => {
    const [answer] = answersTo({ ...REPLICA, failureShare: 0.5 }, [0.1]);
    expect(answer?.failed).toBe(true);
    expect(answer?.latency).toBeLessThan(0.01);
    expect(answer?.report?.errorsPerSecond).toBeGreaterThan(0);
    expect(answersTo({ ...REPLICA, failureShare: 0.3 }, [0.1])[0]?.failed).toBe(false);
  });
});

describe('a run', () => {
  it('is the same at the same seed, and another at another', async () => {
    const load = workload([REPLICA, REPLICA]);
    const first = await run(load, uniform, 1);
    expect((await run(load, uniform, 1)).latencies).toEqual(first.latencies);
    expect((await run(load, uniform, 2)).latencies).not.toEqual(first.latencies);
  });

  it('brings every policy the same arrivals', async () => {
    const load = workload([REPLICA, REPLICA]);
    const arrivals = async (replica: number): Promise<number[]> => {
      const times: number[] = [];
      const policy: Policy = {
        name: 'watching',
        start: (fleet) => ({
          balancer: () => ({
            pick: () => {
              times.push(fleet.timeline.now);
              return replica;
            },
            answered: () => {},
          }),
        }),
      };
      await run(load, policy, 1);
      return times;
    };
    expect(await arrivals(0)).toEqual(await arrivals(1));
  });

  it('keeps the mean rate through bursts', async () => {
    const bursts = { factor: 3, seconds: 0.5, calmSeconds: 1.5 };
    const load = workload([REPLICA]);
    const [service] = load.services;
    if (!service) return expect.unreachable();
    const bursty = { ...service, work: constant(0.001), arrivals: { requestsPerSecond: 100, bursts } };
    const { latencies } = await run({ ...load, services: [bursty], seconds: 2000 }, uniform, 1);
    expect(latencies.length / 2000).toBeGreaterThan(95);
    expect(latencies.length / 2000).toBeLessThan(105);
  });
});

describe('a probe', () => {
  it('tells requests in flight, utilisation, rate and the latency that as many in flight met', () => {
    const timeline = new EventQueue();
    const fleet = new SimulatedFleet(timeline, { ...workload([REPLICA]), antagonists: [] }, 1);
    const send = (): void => {
      fleet.send(0, 0, { id: 0, work: 0.05, luck: 0.9 }, () => {});
      timeline.after(0.1, send);
    };
    send();
    const reports: ReplicaReport[] = [];
    timeline.after(4.025, () => fleet.probe(0, 0, (report) => reports.push(report)));
    timeline.runUntil(5);
    const [report] = reports;
    expect(report?.requestsInFlight).toBe(1);
    expect(report?.utilisation).toBeCloseTo(0.5, 1);
    expect(report?.requestsPerSecond).toBeCloseTo(10, 0);
    expect(report?.errorsPerSecond).toBe(0);
    expect(report?.latency).toBeCloseTo(0.05);
  });
});
