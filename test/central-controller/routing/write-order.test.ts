import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOLD_MS } from '../../../central-controller/routing/plan-service.ts';
import { Controller, DELEGATE, ROUTES, RULE } from './support/controller.ts';

const change = fc.record(
  {
    mode: fc.constantFrom('Enforce', 'Observe', 'Off'),
    routing: fc.constantFrom('Subset', 'Endpoint'),
    replicas: fc.integer({ min: 0, max: 5 }),
    pods: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 5 }),
    ordinalsStart: fc.integer({ min: 0, max: 2 }),
    hasPolicy: fc.boolean(),
    /** With `hasPolicy: false`: Kubernetes removes what the policy owned, in an order of its own. */
    isCollected: fc.boolean(),
    restart: fc.boolean(),
    wait: fc.integer({ min: 0, max: 3 * HOLD_MS }),
  },
  { requiredKeys: ['wait'] },
);

describe('through any changes and restarts', () => {
  it('no route lacks its subset, no weight lacks its route, and what a table named before still observed', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const controller = new Controller();
        /** When each replica was last in a table of Subset routing. */
        const named = new Map<string, number>();
        const check = () => {
          const { routes, ownRoutes, subsets } = controller.observed;
          for (const replica of ownRoutes) expect(subsets, replica).toContain(replica);
          const table = controller.table();
          if (table?.routing === 'Subset') for (const replica of table.replicas) named.set(replica, controller.now);
          for (const [replica, at] of named) {
            if (controller.now - at < HOLD_MS) expect(routes, replica).toContain(replica);
          }
        };
        for (const { wait, restart, isCollected, ...state } of changes) {
          const { cluster } = controller;
          Object.assign(cluster.state, state);
          const garbage = isCollected ? cluster.garbage() : [];
          for (const name of garbage) cluster.remove(name);
          // That order keeps no promise to tables of before.
          if (garbage.length > 0) named.clear();
          if (restart) controller.restart();
          const until = controller.now + wait;
          while (controller.now < until) {
            controller.step(Math.min(500, until - controller.now));
            check();
          }
        }
        controller.settle();
        check();
        expect(controller.settle()).toEqual([]);
        const { mode, hasPolicy, routing, replicas, pods } = controller.cluster.state;
        const left = [RULE, ROUTES, DELEGATE].filter((name) => controller.cluster.get(name));
        const isEnforced = mode === 'Enforce' && hasPolicy;
        if (!isEnforced || routing === 'Endpoint') expect(left).toEqual([]);
        // Without a replica Subset routing cannot take over: what was in force before it stays.
        if (isEnforced && routing === 'Subset' && replicas === 0 && pods.length === 0) return;
        expect(controller.cluster.label).toBe(isEnforced && routing === 'Endpoint' ? 'x-lb-session' : undefined);
      }),
      { numRuns: 30 },
    );
  });
});
