import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDLE_WIDTH, idleCpu, observeIdle } from '../../../central-controller/estimate/idle-cpu.ts';

interface Pod {
  readonly cost: number;
  readonly idle: number;
  readonly requestsPerSecond: (second: number) => number;
}

/** Windows of one second; CPU is spread by a tenth from window to window. */
function memoryOf({ cost, idle, requestsPerSecond }: Pod, seconds: number): Float64Array {
  const memory = new Float64Array(IDLE_WIDTH);
  for (let second = 1; second <= seconds; second++) {
    const requests = requestsPerSecond(second);
    const spread = 1 + 0.1 * Math.sin(second * 2.3);
    observeIdle(memory, 0, (cost * requests + idle) * spread, 1, requests, second * 1000);
  }
  return memory;
}

/** The idle CPU of pods, each with its memory. */
function idleOf(memories: readonly Float64Array[]) {
  const values = new Float64Array(IDLE_WIDTH * memories.length);
  memories.forEach((memory, index) => values.set(memory, index * IDLE_WIDTH));
  return idleCpu(
    values,
    Int32Array.from(memories, (_, index) => index * IDLE_WIDTH),
  );
}

const steady = (rate: number) => (): number => rate;
const varying = (rate: number) => (second: number) => Math.round(rate * (1 + 0.8 * Math.sin(second / 9)));

describe('idleCpu', () => {
  it('knows nothing at first, and says so', () => {
    expect(idleOf([])).toEqual({ cores: 0, deviation: 0.02 });
    expect(idleOf([new Float64Array(IDLE_WIDTH)])).toEqual({ cores: 0, deviation: 0.02 });
  });

  it('is found by how CPU follows the requests', () => {
    const pods = [5, 10, 20].map((rate) =>
      memoryOf({ cost: 0.001, idle: 0.015, requestsPerSecond: varying(rate) }, 90),
    );
    const { cores, deviation } = idleOf(pods);
    expect(cores).toBeGreaterThan(0.012);
    expect(cores).toBeLessThan(0.016);
    expect(deviation).toBeLessThan(0.002);
  });

  it('is found when it is far more than is usual', () => {
    const pods = [20, 40].map((rate) => memoryOf({ cost: 0.001, idle: 0.2, requestsPerSecond: varying(rate) }, 120));
    expect(idleOf(pods).cores).toBeGreaterThan(0.15);
  });

  it('is what pods use that no request reached', () => {
    const pods = [0, 0].map((rate) => memoryOf({ cost: 0.001, idle: 0.03, requestsPerSecond: steady(rate) }, 20));
    expect(idleOf(pods).cores).toBeCloseTo(0.03, 2);
    const one = memoryOf({ cost: 0.001, idle: 0.03, requestsPerSecond: steady(50) }, 60);
    expect(idleOf([one, ...pods]).cores).toBeGreaterThan(0.02);
  });

  it('is not believed in while requests come evenly, nor when they cost all there is', () => {
    const even = [1, 2, 3].map(() => memoryOf({ cost: 0.001, idle: 0.01, requestsPerSecond: steady(50) }, 120));
    expect(idleOf(even).cores).toBeLessThan(0.002);
    const costly = [1, 2, 3].map(() => memoryOf({ cost: 0.005, idle: 0, requestsPerSecond: varying(100) }, 120));
    expect(idleOf(costly).cores).toBeLessThan(0.002);
  });

  it('does not explain away the cost of slow pods among quick ones', () => {
    const quick = Array.from({ length: 14 }, () =>
      memoryOf({ cost: 0.01, idle: 0, requestsPerSecond: varying(100) }, 120),
    );
    const slow = memoryOf({ cost: 0.16, idle: 0, requestsPerSecond: varying(2) }, 120);
    expect(idleOf([...quick, slow]).cores).toBeLessThan(0.01);
  });

  it('forgets', () => {
    const memory = memoryOf({ cost: 0.001, idle: 0.05, requestsPerSecond: varying(20) }, 120);
    for (let second = 121; second <= 900; second++) {
      const requests = varying(20)(second);
      observeIdle(memory, 0, requests * 0.001 + 0.005, 1, requests, second * 1000);
    }
    expect(idleOf([memory]).cores).toBeLessThan(0.007);
  });

  it('is neither negative nor more than any pod uses', () => {
    const pod = fc.record({
      cost: fc.double({ min: 1e-5, max: 1, noNaN: true }),
      idle: fc.double({ min: 0, max: 0.5, noNaN: true }),
      rate: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(pod, { maxLength: 5 }), fc.boolean(), (pods, even) => {
        const memories = pods.map(({ cost, idle, rate }) =>
          memoryOf({ cost, idle, requestsPerSecond: even ? steady(rate) : varying(rate) }, 40),
        );
        const { cores, deviation } = idleOf(memories);
        expect(cores).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(deviation)).toBe(true);
        pods.forEach(({ cost, idle, rate }) => expect(cores).toBeLessThanOrEqual(1.2 * (idle + 2 * cost * rate)));
      }),
    );
  });
});
