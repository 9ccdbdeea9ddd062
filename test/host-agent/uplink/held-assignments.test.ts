import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { type Change, HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { encodeWeights } from '../../../contract/weights-codec.ts';
import { line, replica, rows, service, update } from '../support/updates.ts';

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
    expect(change).toEqual({ services: new Map(), utilisation: true, opened: false, faults: [] });
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

describe('lines of services that the node wants', () => {
  const CART = '80|cart.shop.svc';
  const GEO = '80|geo.shop.svc';
  const weightsOf = (held: HeldAssignments, key: string): number[] | undefined =>
    held.services.get(key)?.replicas.map(({ weight }) => weight);

  function withTwo(): HeldAssignments {
    const held = new HeldAssignments();
    const services = [rows({ id: 1, key: CART, shares: [0.5, 0.5] }), rows({ id: 2, key: GEO, shares: [1] })];
    held.applyLine(line({ epoch: 5, version: 10, services, unbalanced: ['80|nobody'] }), 0);
    return held;
  }

  test('are held with their versions, which the next stream begins with', () => {
    const held = withTwo();
    expect(weightsOf(held, CART)).toEqual([0.5, 0.5]);
    expect([held.isKnown(CART), held.isKnown('80|nobody'), held.isKnown('80|other')]).toEqual([true, true, false]);
    expect(held.subscription([CART, '80|other'])).toEqual({
      epoch: 5,
      services: [
        [CART, 1],
        ['80|other', 0],
      ],
    });
  });

  test('change weights in place, by the number of the service', () => {
    const held = withTwo();
    const before = held.services.get(CART);
    const change = held.applyLine({ version: 11, validForMs: 1000, weights: [[1, encodeWeights([0.25, 0.75])]] }, 1);
    expect(change).toEqual({ services: new Map([[CART, 'weights']]), utilisation: false, opened: false, faults: [] });
    expect(weightsOf(held, CART)).toEqual([0.25, 0.75]);
    expect(held.services.get(CART)).toBe(before);
    expect(held.subscription([CART]).services).toEqual([[CART, 11]]);
  });

  test('that say what is held change nothing', () => {
    const held = withTwo();
    const services = [rows({ id: 1, key: CART, shares: [0.5, 0.5] })];
    expect(
      held.applyLine({ version: 11, validForMs: 1000, services, unbalanced: ['80|nobody'] }, 1).services.size,
    ).toBe(0);
  });

  test('take a service away, and give it back', () => {
    const held = withTwo();
    const gone = held.applyLine({ version: 11, validForMs: 1000, unbalanced: [CART] }, 1);
    expect([...gone.services]).toEqual([[CART, 'rows']]);
    expect([held.services.has(CART), held.isKnown(CART)]).toEqual([false, true]);
    const services = [rows({ id: 1, key: CART })];
    expect([...held.applyLine({ version: 12, validForMs: 1000, services }, 2).services]).toEqual([[CART, 'rows']]);
  });

  test('of another leader say everything, or leave the rest as it is while it learns', () => {
    const held = withTwo();
    const services = [rows({ id: 7, key: CART, shares: [0.25, 0.75] })];
    const partial = held.applyLine(line({ epoch: 6, version: 20, partial: true, services }), 1);
    expect([...partial.services]).toEqual([[CART, 'weights']]);
    expect(held.subscription([CART, GEO])).toEqual({
      epoch: 6,
      services: [
        [CART, 1],
        [GEO, 0],
      ],
    });
    held.applyLine({ version: 21, validForMs: 1000, weights: [[2, encodeWeights([1])]] }, 2);
    expect(weightsOf(held, CART)).toEqual([0.25, 0.75]);
    const whole = held.applyLine(line({ epoch: 8, version: 30, services }), 3);
    expect([...whole.services]).toEqual([[GEO, 'rows']]);
    expect(held.isKnown(GEO)).toBe(false);
  });

  test('with weights of another number of replicas cost the service, and say so', () => {
    const held = withTwo();
    const change = held.applyLine({ version: 11, validForMs: 1000, weights: [[1, encodeWeights([1])]] }, 1);
    expect(change.faults).toEqual([expect.stringContaining(`${CART}: `)]);
    expect([held.services.has(CART), held.isKnown(CART), held.services.has(GEO)]).toEqual([false, true, true]);
    const wrong = rows({ id: 2, key: GEO, weights: 'AAAA' });
    expect(held.applyLine({ version: 12, validForMs: 1000, services: [wrong] }, 2).faults).toHaveLength(1);
    expect(held.services.has(GEO)).toBe(false);
  });

  test('hold grants, utilisation and services to be seen in detail, until others are named or another leader has none', () => {
    const held = withTwo();
    const cpu = [{ uid: 'a', shares: 512 }];
    held.applyLine({ version: 11, validForMs: 1000, cpu, utilisation: [['shop/a', 0.5]], detail: [CART] }, 1);
    held.applyLine({ version: 11, validForMs: 1000 }, 2);
    expect([held.cpuGrants, held.utilisationOf('shop/a'), [...held.detail]]).toEqual([cpu, 0.5, [CART]]);
    held.applyLine(line({ epoch: 9 }), 3);
    expect([held.cpuGrants, held.utilisationOf('shop/a'), [...held.detail]]).toEqual([[], undefined, []]);
  });

  test('are asked for again when one was refused, when they expired, and when they were not wanted for a while', () => {
    const held = withTwo();
    held.retain(new Set([CART]));
    expect(held.subscription([CART, GEO]).services).toEqual([
      [CART, 1],
      [GEO, 0],
    ]);
    expect(held.isKnown('80|nobody')).toBe(false);
    held.distrust();
    expect(held.subscription([CART])).toEqual({ epoch: 0, services: [[CART, 0]] });
    const expired = withTwo();
    expired.expire(20_000);
    expect(expired.subscription([CART])).toEqual({ epoch: 0, services: [[CART, 0]] });
  });
});

test('lines and updates that say the same end in the same services, whatever came before', () => {
  const key = fc.constantFrom('80|a.b', '80|c.d', '80|e.f');
  const shares = fc.constantFrom([1], [0.5, 0.5], [0.25, 0.75]);
  const step = fc.record({ changed: fc.uniqueArray(fc.tuple(key, shares), { selector: ([each]) => each }), gone: key });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [byLines, byUpdates] = [new HeldAssignments(), new HeldAssignments()];
      byLines.applyLine(line({ services: [] }), 0);
      byUpdates.apply(update({ services: [] }), 0);
      const ids = new Map(['80|a.b', '80|c.d', '80|e.f'].map((each, id) => [each, id]));
      for (const [index, { changed, gone }] of steps.entries()) {
        const version = index + 2;
        const isChanged = changed.some(([each]) => each === gone);
        const services = changed.map(([each, all]) =>
          rows({ id: ids.get(each) ?? 0, key: each, version, shares: all }),
        );
        const ofLine = byLines.applyLine(
          { version, validForMs: 1000, services, unbalanced: isChanged ? [] : [gone] },
          version,
        );
        const ofUpdate = byUpdates.apply(
          update({
            version,
            full: false,
            removed: isChanged ? [] : [gone],
            services: changed.map(([each, all]) =>
              service({
                key: each,
                replicas: all.map((weight, place) => ({
                  name: `search-${place}`,
                  address: `10.0.0.${place + 1}:8080`,
                  weight,
                })),
              }),
            ),
          }),
          version,
        );
        for (const [each, kind] of ofUpdate.services) expect(ofLine.services.get(each)).toBe(kind);
        const strip = (held: HeldAssignments): unknown[] =>
          [...held.services.values()]
            .map(({ key: name, routing, pinning, replicas }) => ({ name, routing, pinning, replicas }))
            .toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(strip(byLines)).toEqual(strip(byUpdates));
      }
    }),
  );
});
