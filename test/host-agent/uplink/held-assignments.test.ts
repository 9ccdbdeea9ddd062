import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { replica, service, update } from '../support/updates.ts';

const heartbeat = (overrides: Partial<AssignmentUpdate> = {}): AssignmentUpdate =>
  update({ full: false, services: [], ...overrides });

describe('what an update changed', () => {
  function changeAfterFirst(second: AssignmentUpdate): string {
    const held = new HeldAssignments();
    held.apply(
      update({ services: [service({ replicas: [replica({ weight: 0.4 }), replica({ name: 'search-1' })] })] }),
      0,
    );
    return held.apply(second, 500);
  }
  const withReplicas = (...replicas: Parameters<typeof replica>[0][]): AssignmentUpdate =>
    update({ full: false, services: [service({ replicas: replicas.map((one) => replica(one)) })] });

  test.each([
    ['a heartbeat', heartbeat(), 'none'],
    ['the same again', withReplicas({ weight: 0.4 }, { name: 'search-1' }), 'none'],
    ['another weight', withReplicas({ weight: 0.5 }, { name: 'search-1' }), 'table'],
    ['another CPU utilisation', withReplicas({ weight: 0.4, cpuUtilisation: 0.9 }, { name: 'search-1' }), 'table'],
    ['a replica less', withReplicas({ weight: 0.4 }), 'table'],
    ['another address', withReplicas({ weight: 0.4, address: '10.9.9.9:80' }, { name: 'search-1' }), 'table'],
    ['another routing', update({ full: false, services: [service({ routing: 'Subset' })] }), 'table'],
    ['a service more', update({ full: false, services: [service({ key: '80|x.y.svc' })] }), 'table'],
    ['a service gone', heartbeat({ removed: [service().key] }), 'table'],
    ['a key gone that was never there', heartbeat({ removed: ['80|nobody'] }), 'none'],
    ['a full update without the service', update({ services: [] }), 'table'],
  ])('%s', (_, second, change) => {
    expect(changeAfterFirst(second)).toBe(change);
  });

  test('the first update always is news, an empty one too', () => {
    expect(new HeldAssignments().apply(update({ services: [] }), 0)).toBe('table');
  });
});

test('any sequence of deltas ends in the same services as one full update of the outcome', () => {
  const key = fc.constantFrom('80|a.b', '80|c.d', '80|e.f', '80|g.h');
  const delta = fc.record({
    services: fc.uniqueArray(fc.record({ key, weight: fc.constantFrom(0.25, 0.5, 1) }), { selector: (one) => one.key }),
    removed: fc.uniqueArray(key),
    full: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(delta), (deltas) => {
      const held = new HeldAssignments();
      const model = new Map<string, number>();
      for (const { services, removed, full } of deltas) {
        if (full) model.clear();
        for (const gone of removed) model.delete(gone);
        for (const { key: changed, weight } of services) model.set(changed, weight);
        const sent = services.map((one) => service({ key: one.key, replicas: [replica({ weight: one.weight })] }));
        held.apply(update({ full, removed, services: sent }), 10);
      }
      const outcome = new Map(held.services.map((one) => [one.key, one.replicas[0]?.weight]));
      expect(outcome).toEqual(model);
    }),
  );
});

test('a heartbeat renews the validity; without one everything is forgotten, once', () => {
  const held = new HeldAssignments();
  held.apply(update({ validForMs: 1000 }), 0);
  held.apply(heartbeat({ version: 2, validForMs: 1000 }), 900);
  expect(held.expire(1899)).toBe(false);
  expect(held.services).toHaveLength(1);
  expect(held.expire(1900)).toBe(true);
  expect(held.services).toEqual([]);
  expect(held.validUntil).toBeUndefined();
  expect(held.expire(5000)).toBe(false);
});

test('after expiry the same assignments are news again', () => {
  const held = new HeldAssignments();
  held.apply(update({ validForMs: 1000 }), 0);
  held.expire(1000);
  expect(held.apply(update(), 1100)).toBe('table');
});

describe('CPU grants', () => {
  const granted = [{ uid: 'a', shares: 512 }];

  test('are held, the same list, until a line says otherwise', () => {
    const held = new HeldAssignments();
    held.apply(update({ cpu: granted }), 0);
    const first = held.cpuGrants;
    expect(first).toEqual(granted);
    expect(held.apply(heartbeat(), 1)).toBe('none');
    expect(held.cpuGrants).toBe(first);
    expect(held.apply(heartbeat({ cpu: [] }), 2)).toBe('none');
    expect(held.cpuGrants).toEqual([]);
  });

  test('end with a full line that has none, and with the assignments', () => {
    const held = new HeldAssignments();
    held.apply(update({ cpu: granted }), 0);
    held.apply(update(), 1);
    expect(held.cpuGrants).toEqual([]);
    held.apply(update({ cpu: granted, validForMs: 1000 }), 2);
    held.expire(1002);
    expect(held.cpuGrants).toEqual([]);
  });
});
