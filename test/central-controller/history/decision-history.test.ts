import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../contract/decision.ts';
import { DecisionHistory } from '../../../central-controller/history/decision-history.ts';
import { createLoop } from '../fixtures.ts';
import { packed } from './packed.ts';

const START = 1_000_000;

/** A decision of two replicas, taken from the real loop. */
function template(): Decision {
  const { loop } = createLoop();
  loop.start();
  if (!loop.state.decision) throw new Error('the loop decides at its start');
  return loop.state.decision;
}

function fill(history: DecisionHistory, ticks: number): void {
  const decision = template();
  for (let tick = 0; tick < ticks; tick++) history.add({ ...decision, tick, at: START + tick * 250 });
}

describe('the history of decisions', () => {
  it('keeps every tick of the last seconds, one a second of the last ten minutes, and nothing older', () => {
    const history = new DecisionHistory();
    fill(history, 4 * 3_600);
    const ages = history.decisions.map(({ at }) => START + (4 * 3_600 - 1) * 250 - at);
    expect(ages.filter((age) => age <= 10_000)).toHaveLength(41);
    expect(ages.filter((age) => age > 20_000 && age <= 320_000)).toHaveLength(300);
    expect(Math.max(...ages)).toBeLessThanOrEqual(601_000);
    expect(Math.max(...ages)).toBeGreaterThan(598_000);
  });

  it('finds the decision that was in force at a tick', () => {
    const history = new DecisionHistory();
    fill(history, 400);
    expect(history.at(399)?.tick).toBe(399);
    expect(history.at(390)?.tick).toBe(390);
    const old = history.at(102)?.tick ?? 0;
    expect(old).toBeGreaterThan(98);
    expect(old).toBeLessThanOrEqual(102);
    expect(history.at(400)).toBeUndefined();
    expect(new DecisionHistory().at(0)).toBeUndefined();
  });

  it('gives back a decision with all that it holds, in single precision', () => {
    const decision = template();
    const [service] = decision.services;
    const [first, second] = service?.replicas ?? [];
    if (!service || !first || !second) throw new Error('a service of two replicas');
    const paused = { since: START, reason: 'a look' };
    const replicas = [
      { ...first, state: 'Degraded' as const, limits: ['floor' as const, 'slow' as const], weight: 0.123456789 },
      {
        ...second,
        state: 'WarmingUp' as const,
        limits: ['paused' as const],
        cpuGrant: { shares: 512, quotaCores: 0.3 },
      },
    ];
    const nodes = decision.nodes.map((node, index) => ({ ...node, stale: index === 0, busyCores: 0.1 * index }));
    const whole = { ...decision, tick: 1, nodes, services: [{ ...service, paused, replicas }] };
    const history = new DecisionHistory();
    for (const each of [decision, whole, { ...decision, tick: 2 }]) history.add(each);
    expect(history.at(1)).toEqual(packed(whole));
    expect(history.at(0)).toEqual(packed(decision));
    expect(history.at(2)).toEqual({ ...decision, tick: 2 });
  });

  it('holds no more than it may, but always the newest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 100 }), (maxBytes, ticks) => {
        const history = new DecisionHistory(maxBytes);
        fill(history, ticks);
        expect(history.bytes).toBeLessThanOrEqual(maxBytes);
        expect(history.decisions.at(-1)?.tick).toBe(ticks - 1);
      }),
    );
  });

  it('reaches back ten minutes also where it may hold little, with the ticks of the last seconds', () => {
    const history = new DecisionHistory();
    fill(history, 2);
    const small = new DecisionHistory(60 * history.bytes);
    fill(small, 4 * 700);
    expect(small.bytes).toBeLessThanOrEqual(60 * history.bytes);
    const ages = small.decisions.map(({ at }) => START + (4 * 700 - 1) * 250 - at);
    expect(Math.max(...ages)).toBeGreaterThan(570_000);
    expect(ages.filter((age) => age <= 5_000)).toHaveLength(21);
    const gaps = ages.slice(1).map((age, index) => (ages[index] ?? NaN) - age);
    expect(Math.max(...gaps)).toBeLessThan(60_000);
  });
});
