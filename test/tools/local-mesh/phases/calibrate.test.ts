import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Load } from '../../../../tools/load-generator/load.ts';
import { calibrate } from '../../../../tools/local-mesh/phases/calibrate.ts';

// What the fake clock does not know of itself.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => globalThis.setTimeout(resolve, ms)),
}));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const CORES = 1.3;
const IDLE_CORES = 0.1;

/** Nodes on which a request costs more while few have come, as before code is compiled. Counts what they were asked. */
class Nodes {
  readonly rates: number[] = [];
  #used = 0;
  #since = 0;
  #rate = 0;
  #served = 0;
  #waiting = 0;
  readonly #cost: number;
  readonly #cores: number;

  /** `cores` serve requests; further requests wait. */
  constructor(costSeconds: number, cores: number) {
    this.#cost = costSeconds;
    this.#cores = cores;
  }

  readonly cpuSeconds = (): number => {
    this.#pass();
    return this.#used;
  };

  readonly startLoad = (rate: number): Load => {
    this.#pass();
    this.rates.push(rate);
    this.#rate = rate;
    const stop = async () => {
      this.#pass();
      this.#rate = 0;
      this.#waiting = 0;
      return {} as Awaited<Load['finished']>;
    };
    const backlog = () => {
      this.#pass();
      return { outstanding: 0, waiting: this.#waiting };
    };
    return {
      stop,
      get backlog() {
        return backlog();
      },
    } as unknown as Load;
  };

  #pass(): void {
    const seconds = (performance.now() - this.#since) / 1000;
    this.#since += seconds * 1000;
    const cost = this.#served < 60 ? 1.5 * this.#cost : this.#cost;
    const rate = Math.min(this.#rate, this.#cores / cost);
    this.#used += seconds * (IDLE_CORES + rate * cost);
    this.#served += seconds * rate;
    this.#waiting += seconds * (this.#rate - rate);
  }
}

it.each([
  [0.004, 2],
  [0.08, 2],
  // Where others leave the machine less than the nodes are to have.
  [0.02, 0.9],
])('finds the rate at which the nodes are half busy: %s core-seconds each, of %s cores', async (cost, cores) => {
  const nodes = new Nodes(cost, cores);
  const limits: boolean[] = [];
  const found = calibrate({
    nodes: [{ name: 'node', cores: CORES, cpuSeconds: nodes.cpuSeconds }],
    target: 0.5,
    startLoad: nodes.startLoad,
    limit: (enforced) => limits.push(enforced),
  });
  await vi.runAllTimersAsync();
  const { rate } = await found;
  // Idle work is part of what the nodes do, and of what a request seems to cost.
  expect((IDLE_CORES + rate * cost) / CORES).toBeGreaterThan(0.4);
  expect((IDLE_CORES + rate * cost) / CORES).toBeLessThan(0.65);
  expect(Math.max(...nodes.rates) * cost).toBeLessThan(1.1 * CORES);
  expect(limits).toEqual([false, true]);
});
