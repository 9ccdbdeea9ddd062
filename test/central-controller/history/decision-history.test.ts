import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../contract/decision.ts';
import { DecisionHistory } from '../../../central-controller/history/decision-history.ts';
import { createLoop } from '../fixtures.ts';

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

  it('holds no more than it may, but always the newest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 100 }), (most, ticks) => {
        const history = new DecisionHistory(most);
        fill(history, ticks);
        expect(history.decisions.length * 2).toBeLessThanOrEqual(Math.max(most, 2));
        expect(history.decisions.at(-1)?.tick).toBe(ticks - 1);
      }),
    );
  });
});
