/** The simulator against exact results of queueing theory. */
import { describe, expect, it } from 'vitest';
import { uniform } from '../policies/uniform.ts';
import type { Workload } from '../workloads/workload.ts';
import { NETWORK_SECONDS } from './fleet.ts';
import type { Policy } from './ports.ts';
import { constant, type Distribution, exponential, lognormal } from './random.ts';
import { run } from './run.ts';

const WORK = 0.01;

interface Station {
  readonly cores: number;
  /** How many replicas share the node. */
  readonly replicas: number;
  readonly utilisation: number;
  readonly work: Distribution;
  readonly seconds: number;
}

/** One node with only its replicas. */
function station({ cores, replicas, utilisation, work, seconds }: Station): Workload {
  return {
    name: 'station',
    about: 'one node',
    nodes: [{ cores }],
    services: [
      {
        name: 'service',
        callers: 1,
        replicas: Array.from({ length: replicas }, () => ({ node: 0, allocationCores: cores / replicas })),
        arrivals: { requestsPerSecond: (utilisation * cores) / work.mean },
        work,
      },
    ],
    seconds,
  };
}

/** Mean seconds at the replica over some seeds: the network's time is not the queue's. */
async function meanResponse(workload: Workload): Promise<number> {
  let total = 0;
  let requests = 0;
  for (const seed of [1, 2, 3, 4]) {
    const { latencies } = await run(workload, uniform, seed);
    total += latencies.reduce((sum, latency) => sum + latency, 0);
    requests += latencies.length;
  }
  return total / requests - 2 * NETWORK_SECONDS;
}

/** Probability that an arrival of M/M/c waits (Erlang C), from Erlang B's recursion. */
function erlangC(servers: number, utilisation: number): number {
  let blocked = 1;
  for (let count = 1; count <= servers; count++) {
    const offered = servers * utilisation;
    blocked = (offered * blocked) / (count + offered * blocked);
  }
  return blocked / (1 - utilisation * (1 - blocked));
}

function withinTwoPercent(measured: number, theory: number): void {
  expect(measured / theory).toBeGreaterThan(0.98);
  expect(measured / theory).toBeLessThan(1.02);
}

describe('one core, processor sharing', () => {
  it.each([0.5, 0.8])('answers in work / (1 - utilisation) in the mean at %f (M/M/1-PS)', async (utilisation) => {
    const shape = { cores: 1, replicas: 1, utilisation, work: exponential(WORK), seconds: 2000 };
    withinTwoPercent(await meanResponse(station(shape)), WORK / (1 - utilisation));
  });

  it.each([
    ['constant', constant(WORK)],
    ['lognormal', lognormal(WORK, 1)],
  ])('has the same mean with %s work (M/G/1-PS is insensitive)', async (_, work) => {
    const shape = { cores: 1, replicas: 1, utilisation: 0.7, work, seconds: 1000 };
    withinTwoPercent(await meanResponse(station(shape)), WORK / (1 - 0.7));
  });
});

describe('a node of four cores', () => {
  const theory = (utilisation: number): number => WORK + (erlangC(4, utilisation) * WORK) / (4 * (1 - utilisation));

  it.each([0.6, 0.8])('is M/M/4 to one replica at %f', async (utilisation) => {
    const shape = { cores: 4, replicas: 1, utilisation, work: exponential(WORK), seconds: 400 };
    withinTwoPercent(await meanResponse(station(shape)), theory(utilisation));
  });

  it('is M/M/4 to all replicas together that share it: none idles while another could use the core', async () => {
    const shape = { cores: 4, replicas: 3, utilisation: 0.8, work: exponential(WORK), seconds: 400 };
    withinTwoPercent(await meanResponse(station(shape)), theory(0.8));
  });
});

it('uses CPU as the utilisation law says: arrivals times work', async () => {
  const shape = { cores: 4, replicas: 3, utilisation: 0.6, work: exponential(WORK), seconds: 1000 };
  let utilisation = 0;
  const watching: Policy = {
    name: 'watching',
    start(fleet) {
      fleet.timeline.after(1000, () => {
        utilisation = fleet.counters(0).busySeconds / (4 * fleet.timeline.now);
      });
      return uniform.start(fleet);
    },
  };
  await run(station(shape), watching, 1);
  withinTwoPercent(utilisation, 0.6);
});
