import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpuNode } from './cpu-node.ts';
import { EventQueue } from './timeline.ts';

const consumer = { used: () => {}, granted: () => {} };

/** Grants of groups given as weight and demand. */
function grants(cores: number, groups: readonly (readonly [number, number])[]): number[] {
  const node = new CpuNode(new EventQueue(), cores);
  const made = groups.map(([weight]) => node.addGroup(weight, consumer));
  groups.forEach(([, demand], index) => {
    const group = made[index];
    if (group) node.demand(group, demand);
  });
  return made.map((group) => group.cores);
}

describe('cores among groups', () => {
  it('go by demand where there is enough', () => {
    expect(grants(4, [[1, 1], [5, 2], [1, 0.5]])).toEqual([1, 2, 0.5]); // prettier-ignore
  });

  it('go by weight where all want more', () => {
    expect(grants(4, [[1, 10], [3, 10]])).toEqual([1, 3]); // prettier-ignore
  });

  it('go to the others where one wants less than its share', () => {
    expect(grants(4, [[2, 0.5], [1, 10], [1, 10]])).toEqual([0.5, 1.75, 1.75]); // prettier-ignore
  });

  it('are all used or nobody wants more, and who gets less than it wants has no less per weight than any other', () => {
    const group = fc.tuple(fc.double({ min: 0.1, max: 10, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }));
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 16, noNaN: true }),
        fc.array(group, { minLength: 1, maxLength: 8 }),
        (cores, groups) => {
          const granted = grants(cores, groups);
          const total = granted.reduce((sum, value) => sum + value, 0);
          const wanted = groups.reduce((sum, [, demand]) => sum + demand, 0);
          expect(total).toBeCloseTo(Math.min(cores, wanted), 9);
          const levels = groups.map(([weight], index) => (granted[index] ?? 0) / weight);
          groups.forEach(([, demand], index) => {
            expect(granted[index]).toBeLessThanOrEqual(demand);
            const isShort = (granted[index] ?? 0) < demand - 1e-9;
            if (isShort) expect(levels[index]).toBeGreaterThanOrEqual(Math.max(...levels) - 1e-9);
          });
        },
      ),
    );
  });

  it('would be granted as they are once demanded', () => {
    const node = new CpuNode(new EventQueue(), 4);
    const [one, other] = [node.addGroup(1, consumer), node.addGroup(2, consumer)];
    node.demand(other, 5);
    const would = node.wouldGrant(one, 3);
    node.demand(one, 3);
    expect(one.cores).toBe(would);
  });

  it('are fewer after a node shrank', () => {
    const node = new CpuNode(new EventQueue(), 4);
    const group = node.addGroup(1, consumer);
    node.demand(group, 4);
    node.resize(2);
    expect(group.cores).toBe(2);
  });
});
