import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { type Change, HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { replica, service, update } from '../support/updates.ts';

const heartbeat = (overrides: Partial<AssignmentUpdate> = {}): AssignmentUpdate =>
  update({ full: false, services: [], ...overrides });

const KEY = service().key;

describe('what a line changed', () => {
  function afterFirst(second: AssignmentUpdate): Change {
    const held = new HeldAssignments();
    held.apply(
      update({ services: [service({ replicas: [replica({ weight: 0.4 }), replica({ name: 'search-1' })] })] }),
      0,
    );
    return held.apply(second, 500);
  }
  const withReplicas = (...replicas: Parameters<typeof replica>[0][]): AssignmentUpdate =>
    update({ full: false, services: [service({ replicas: replicas.map((one) => replica(one)) })] });

  test.each<[string, AssignmentUpdate, [string, 'weights' | 'rows'][]]>([
    ['a heartbeat', heartbeat(), []],
    ['the same again', withReplicas({ weight: 0.4 }, { name: 'search-1' }), []],
    ['another weight', withReplicas({ weight: 0.5 }, { name: 'search-1' }), [[KEY, 'weights']]],
    ['a replica less', withReplicas({ weight: 0.4 }), [[KEY, 'rows']]],
    ['another address', withReplicas({ weight: 0.4, address: '10.9.9.9:80' }, { name: 'search-1' }), [[KEY, 'rows']]],
    ['another routing', update({ full: false, services: [service({ routing: 'Subset' })] }), [[KEY, 'rows']]],
    ['a service more', update({ full: false, services: [service({ key: '80|x.y.svc' })] }), [['80|x.y.svc', 'rows']]],
    ['a service gone', heartbeat({ removed: [KEY] }), [[KEY, 'rows']]],
    ['a key gone that was never there', heartbeat({ removed: ['80|nobody'] }), []],
    ['a full line without the service', update({ services: [] }), [[KEY, 'rows']]],
  ])('%s', (_, second, changed) => {
    expect([...afterFirst(second).services]).toEqual(changed);
  });

  test('another CPU utilisation changes no service', () => {
    const change = afterFirst(withReplicas({ weight: 0.4, cpuUtilisation: 0.9 }, { name: 'search-1' }));
    expect(change).toEqual({ services: new Map(), utilisation: true, opened: false });
  });

  test('the first line opens, and so does the first after expiry', () => {
    const held = new HeldAssignments();
    expect(held.apply(update({ services: [], validForMs: 1000 }), 0).opened).toBe(true);
    expect(held.apply(heartbeat(), 0).opened).toBe(false);
    held.expire(20_000);
    expect(held.apply(update(), 20_100)).toMatchObject({ opened: true, services: new Map([[KEY, 'rows']]) });
  });
});

test('a service that a full line does not name is known to be unbalanced; after a partial line it is not known', () => {
  const held = new HeldAssignments();
  held.apply(update({ full: false, partial: true }), 0);
  expect([held.isKnown(KEY), held.isKnown('80|other')]).toEqual([true, false]);
  held.apply(update(), 0);
  expect([held.isKnown(KEY), held.isKnown('80|other')]).toEqual([true, true]);
  held.expire(20_000);
  expect([held.isKnown(KEY), held.isKnown('80|other')]).toEqual([false, false]);
});

test('the CPU utilisation of a pod is that of the last line which named it, until it goes', () => {
  const held = new HeldAssignments();
  held.apply(update({ services: [service({ replicas: [replica({ cpuUtilisation: 0.5 })] })] }), 0);
  expect(held.utilisationOf('hotel/search-0')).toBe(0.5);
  held.apply(heartbeat(), 1);
  expect(held.utilisationOf('hotel/search-0')).toBe(0.5);
  held.apply(heartbeat({ removed: [KEY] }), 2);
  expect(held.utilisationOf('hotel/search-0')).toBeUndefined();
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
      const outcome = new Map([...held.services.values()].map((one) => [one.key, one.replicas[0]?.weight]));
      expect(outcome).toEqual(model);
    }),
  );
});

test('a heartbeat renews the validity; without one everything is forgotten, once', () => {
  const held = new HeldAssignments();
  held.apply(update({ validForMs: 1000 }), 0);
  held.apply(heartbeat({ version: 2, validForMs: 1000 }), 900);
  expect(held.expire(1899)).toBe(false);
  expect(held.services.size).toBe(1);
  expect(held.expire(1900)).toBe(true);
  expect(held.services.size).toBe(0);
  expect(held.validUntil).toBeUndefined();
  expect(held.expire(5000)).toBe(false);
});

describe('CPU grants', () => {
  const granted = [{ uid: 'a', shares: 512 }];

  test('are held, the same list, until a line says otherwise', () => {
    const held = new HeldAssignments();
    held.apply(update({ cpu: granted }), 0);
    const first = held.cpuGrants;
    expect(first).toEqual(granted);
    held.apply(heartbeat(), 1);
    expect(held.cpuGrants).toBe(first);
    expect(held.apply(heartbeat({ cpu: [] }), 2).services.size).toBe(0);
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
