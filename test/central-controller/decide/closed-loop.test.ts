import { describe, expect, it } from 'vitest';
import { type LoopOptions, type LoopState, runLoop } from './closed-loop.ts';

const NODE_CORES = 0.35;
const STEP_MS = 25_100;
const END_MS = 45_000;

/** Three replicas of each of eight services, placed unevenly; 54 % of the nodes' capacity without a neighbour. */
const DEMAND_CORES = 0.545 * 4 * NODE_CORES;
const SERVICES = [
  { nodes: [0, 1, 2], cost: 0.002, part: 0.3 },
  { nodes: [0, 1, 3], cost: 0.0012, part: 0.2 },
  { nodes: [0, 2, 3], cost: 0.0008, part: 0.1 },
  { nodes: [1, 2, 3], cost: 0.0015, part: 0.1 },
  { nodes: [0, 0, 1], cost: 0.001, part: 0.1 },
  { nodes: [2, 3, 3], cost: 0.0006, part: 0.1 },
  { nodes: [0, 1, 2], cost: 0.001, part: 0.05 },
  { nodes: [1, 2, 3], cost: 0.001, part: 0.05 },
].map(({ nodes, cost, part }, index) => ({
  name: `service-${index}`,
  nodes,
  cost,
  requestsPerSecond: () => (DEMAND_CORES * part) / cost,
}));

function loop(more: Partial<LoopOptions>): LoopState[] {
  return runLoop({
    cores: [NODE_CORES, NODE_CORES, NODE_CORES, NODE_CORES],
    services: SERVICES,
    background: (node, ms) => (node === 1 && ms >= STEP_MS ? 0.7 * NODE_CORES : 0),
    noise: 0,
    seed: 1,
    untilMs: END_MS,
    ...more,
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const within = (states: readonly LoopState[], from: number, to: number): LoopState[] =>
  states.filter(({ ms }) => ms >= from && ms < to);

const busiestOverMean = (utilisation: readonly number[]): number => Math.max(...utilisation) / mean(utilisation);

/** Mean utilisation of each node over several runs and the ticks of a time. */
function meanUtilisation(runs: readonly LoopState[][], from: number, to: number): number[] {
  const states = runs.flatMap((run) => within(run, from, to));
  return [0, 1, 2, 3].map((node) => mean(states.map(({ utilisation }) => utilisation[node] ?? 0)));
}

/** Standard deviation over time of a weight, in equal shares, over all weights. */
function wander(states: readonly LoopState[]): number {
  const count = SERVICES.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const squares = SERVICES.flatMap(({ nodes }, s) =>
    nodes.map((_, r) => {
      const weights = states.map((state) => (state.weights[s]?.[r] ?? 0) * nodes.length);
      return mean(weights.map((weight) => (weight - mean(weights)) ** 2));
    }),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / count);
}

describe('the loop, without noise', () => {
  const states = loop({});

  it('rests while nothing changes', () => {
    const calm = within(states, 15_000, STEP_MS);
    expect(wander(calm)).toBeLessThan(0.005);
    calm.forEach(({ utilisation }) => expect(busiestOverMean(utilisation)).toBeLessThan(1.05));
  });

  it('has new weights in use within a second of the neighbour and is within 5 % of its rest within two', () => {
    const before = within(states, 24_000, STEP_MS).at(-1);
    const moved = within(states, STEP_MS, STEP_MS + 1000).find(
      ({ weights }) => (weights[0]?.[1] ?? 0) < 0.7 * (before?.weights[0]?.[1] ?? 0),
    );
    expect(moved).toBeDefined();
    const rest = meanUtilisation([states], END_MS - 5000, END_MS);
    for (const { utilisation } of within(states, STEP_MS + 2000, END_MS)) {
      utilisation.forEach((load, node) => expect(Math.abs(load - (rest[node] ?? 0))).toBeLessThan(0.05));
      expect(busiestOverMean(utilisation)).toBeLessThan(1.1);
    }
  });

  it('approaches without overshoot: the neighbour is never left emptier than the others', () => {
    for (const { utilisation } of within(states, STEP_MS, END_MS)) {
      expect(utilisation[1]).toBeGreaterThan(0.95 * mean(utilisation));
    }
  });

  it('goes back when the neighbour stops', () => {
    const gone = loop({ background: (node, ms) => (node === 1 && ms < STEP_MS ? 0.7 * NODE_CORES : 0) });
    for (const { utilisation } of within(gone, STEP_MS + 2000, END_MS)) {
      expect(busiestOverMean(utilisation)).toBeLessThan(1.1);
    }
  });

  it('follows a neighbour that grows over ten seconds', () => {
    const part = (ms: number): number => Math.min(1, Math.max(0, (ms - STEP_MS) / 10_000));
    const ramp = loop({ background: (node, ms) => (node === 1 ? 0.7 * NODE_CORES * part(ms) : 0) });
    for (const { utilisation } of within(ramp, STEP_MS, END_MS)) {
      expect(busiestOverMean(utilisation)).toBeLessThan(1.3);
    }
    within(ramp, STEP_MS + 12_000, END_MS).forEach(({ utilisation }) =>
      expect(busiestOverMean(utilisation)).toBeLessThan(1.1),
    );
  });

  it('keeps nodes level when the load of one service doubles', () => {
    const services = SERVICES.map((service, index) =>
      index === 4 ? { ...service, requestsPerSecond: (ms: number) => (ms < STEP_MS ? 75 : 150) } : service,
    );
    const jump = loop({ services, background: () => 0 });
    for (const { utilisation } of within(jump, STEP_MS + 4000, END_MS)) {
      expect(busiestOverMean(utilisation)).toBeLessThan(1.1);
    }
  });
});

describe('the loop, on a ramp', () => {
  const RAMP_MS = 5_000;
  const ramp = (ms: number): number => Math.min(1, Math.max(0, (ms - STEP_MS) / RAMP_MS));

  it('follows a neighbour that grows over five seconds, a second behind it', () => {
    const states = loop({ background: (node, ms) => (node === 1 ? 0.7 * NODE_CORES * ramp(ms) : 0) });
    for (const { ms, utilisation } of within(states, STEP_MS, END_MS)) {
      expect(busiestOverMean(utilisation)).toBeLessThan(ms < STEP_MS + RAMP_MS + 2000 ? 1.3 : 1.1);
    }
  });

  it('follows a load that doubles over five seconds, and does not swing when it stops rising', () => {
    const services = SERVICES.map((service, index) =>
      index === 1
        ? { ...service, requestsPerSecond: (ms: number) => service.requestsPerSecond() * (1 + ramp(ms)) }
        : service,
    );
    const states = loop({ services, background: () => 0 });
    for (const { utilisation } of within(states, STEP_MS, END_MS))
      expect(busiestOverMean(utilisation)).toBeLessThan(1.1);
    expect(wander(within(states, STEP_MS + RAMP_MS + 3000, END_MS))).toBeLessThan(0.02);
  });
});

describe('the loop, with 20 % noise in arrivals, costs and neighbour', () => {
  const runs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((seed) => loop({ noise: 0.2, seed }));

  it('does not chase the noise', () => {
    for (const run of runs) {
      const calm = within(run, 15_000, STEP_MS);
      expect(wander(calm)).toBeLessThan(0.035);
      expect(mean(calm.map(({ utilisation }) => busiestOverMean(utilisation)))).toBeLessThan(1.05);
    }
  });

  it('has settled to within 5 % two seconds after the step, in every run but for single excursions by the noise', () => {
    const settled = runs.flatMap((run) => {
      const rest = meanUtilisation([run], END_MS - 10_000, END_MS);
      const isNear = ({ utilisation }: LoopState): boolean =>
        utilisation.every((load, node) => Math.abs(load - (rest[node] ?? 0)) < 0.05);
      const near = within(run, STEP_MS + 2000, END_MS).map(isNear);
      expect(near.filter(Boolean).length / near.length).toBeGreaterThan(0.85);
      return near;
    });
    expect(settled.filter(Boolean).length / settled.length).toBeGreaterThan(0.97);
  });

  it('does not oscillate afterwards: weights stay as still as the estimate of the neighbour allows', () => {
    expect(mean(runs.map((run) => wander(within(run, STEP_MS + 5000, END_MS))))).toBeLessThan(0.045);
    const loads = runs.flatMap((run) => within(run, STEP_MS + 3000, END_MS));
    expect(mean(loads.map(({ utilisation }) => busiestOverMean(utilisation)))).toBeLessThan(1.1);
  });
});

describe('the loop, nearly idle, with pods that use more CPU without requests than for them', () => {
  const BUSY_MS = 20_000;
  const CALM_MS = 60_000;
  const idle = (seed: number, background: LoopOptions['background']): LoopState[] =>
    runLoop({
      cores: [NODE_CORES, NODE_CORES, NODE_CORES, NODE_CORES],
      services: [{ name: 'idle', nodes: [0, 1, 2, 3], cost: 0.001, requestsPerSecond: () => 20, idleCores: 0.02 }],
      background,
      noise: 0.2,
      random: true,
      seed,
      untilMs: 100_000,
    });
  const seeds = [1, 2, 3, 4, 5, 6];

  it('keeps equal replicas at equal weights', () => {
    for (const seed of seeds) {
      for (const { weights } of idle(seed, () => 0)) {
        weights[0]?.forEach((weight) => expect(Math.abs(4 * weight - 1)).toBeLessThan(0.15));
      }
    }
  });

  it('gives a replica its fair weight again that got few requests while its node was busy', () => {
    for (const seed of seeds) {
      const states = idle(seed, (node, ms) => (node === 0 && ms >= BUSY_MS && ms < CALM_MS ? 0.3 : 0));
      within(states, CALM_MS - 10_000, CALM_MS).forEach(({ weights }) => expect(weights[0]?.[0]).toBeLessThan(0.1));
      for (const { weights } of within(states, CALM_MS + 5000, 100_000)) {
        weights[0]?.forEach((weight) => expect(Math.abs(4 * weight - 1)).toBeLessThan(0.15));
      }
    }
  });

  it('counts what no weight moves as background', () => {
    const nodes = idle(1, () => 0).at(-1)?.decision.nodes ?? [];
    nodes.forEach(({ backgroundCores }) => expect(backgroundCores).toBeCloseTo(0.02, 2));
  });
});
