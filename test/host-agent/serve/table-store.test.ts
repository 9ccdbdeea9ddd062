import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { TableStore } from '../../../host-agent/serve/table-store.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { readTable } from '../support/table.ts';
import { replica, service, update } from '../support/updates.ts';

const STARTED = 1_763_600_000_000;

/** Whether waiting proxies must be answered now. */
function tick(held: HeldAssignments, store: TableStore, now: number): boolean {
  if (!held.expire(now)) return store.tick(now);
  store.expired(now);
  return true;
}

/** A store with its assignments. Each call returns whether waiting proxies must be answered. */
function setUp(): {
  store: TableStore;
  tick: (now: number) => boolean;
  take: (now: number, overrides?: Partial<AssignmentUpdate>) => boolean;
  read: (now: number) => ReturnType<typeof readTable>;
} {
  const held = new HeldAssignments();
  const store = new TableStore(held, STARTED);
  return {
    store,
    tick: (now) => tick(held, store, now),
    take: (now, overrides = {}) => store.changed(held.apply(update(overrides), now), now),
    read: (now) => readTable(store.table(now)?.bytes ?? new Uint8Array(32)),
  };
}

const withWeight = (weight: number): Partial<AssignmentUpdate> => ({
  full: false,
  services: [service({ replicas: [replica({ weight })] })],
});
const heartbeat: Partial<AssignmentUpdate> = { full: false, services: [] };

test('before the first line there is no table: a proxy keeps what it has', () => {
  const { store, tick } = setUp();
  expect(store.version).toBeUndefined();
  expect(store.table(0)).toBeUndefined();
  expect(tick(60_000)).toBe(false);
});

test('what changed is passed on at once, and once', () => {
  const { take, tick, read } = setUp();
  expect(take(0)).toBe(true);
  expect(take(10, withWeight(0.5))).toBe(true);
  expect(read(10).replicas[0]?.weight).toBe(0.5);
  expect(take(20, withWeight(0.5))).toBe(false);
  expect(tick(30)).toBe(false);
  expect(take(40, withWeight(0.25))).toBe(true);
});

test('what the controller renewed reaches proxies before their own table runs out', () => {
  const { take, tick, read } = setUp();
  take(0, { validForMs: 9000 });
  const given: number[] = [read(0).validForMs];
  const raisedAt: number[] = [0];
  for (let now = 1000; now <= 60_000; now += 1000) {
    if (!take(now, { ...heartbeat, validForMs: 9000 }) && !tick(now)) continue;
    expect(now).toBeLessThan((raisedAt.at(-1) ?? 0) + (given.at(-1) ?? 0));
    raisedAt.push(now);
    given.push(read(now).validForMs);
  }
  expect(raisedAt.length).toBeGreaterThan(5);
  expect(raisedAt.length).toBeLessThan(25);
});

test('a proxy that asks late gets what is left of the validity', () => {
  const { take, read } = setUp();
  take(1000, { validForMs: 10_000 });
  expect(read(5000).validForMs).toBeLessThanOrEqual(6000);
  expect(read(5000).validForMs).toBeGreaterThan(5000);
});

test('the same bytes serve all proxies that ask within a moment', () => {
  const { take, store } = setUp();
  take(0);
  const first = store.table(0)?.bytes;
  expect(store.table(99)?.bytes).toBe(first);
  expect(store.table(100)?.bytes).not.toBe(first);
  take(100, withWeight(0.1));
  expect(readTable(store.table(100)?.bytes ?? new Uint8Array(32)).replicas[0]?.weight).toBeCloseTo(0.1);
});

test('expired assignments become an empty table', () => {
  const { store, take, tick, read } = setUp();
  take(0, { validForMs: 3000 });
  const before = store.version;
  expect(tick(2999)).toBe(false);
  expect(tick(3000)).toBe(true);
  expect(store.version).not.toBe(before);
  expect(read(3000)).toMatchObject({ version: store.version, services: 0, replicas: [] });
  expect(read(3000).validForMs).toBeGreaterThan(0);
  expect(tick(30_000)).toBe(false);
  expect(take(30_000)).toBe(true);
  expect(read(30_000).services).toBe(1);
});

describe('versions', () => {
  test('of an agent started anew are none that the one before it named, whatever the controller counts', () => {
    const first = setUp();
    for (let now = 0; now < 5000; now += 5) first.take(now, withWeight(now / 5000));
    const held = new HeldAssignments();
    const second = new TableStore(held, STARTED + 5000);
    second.changed(held.apply(update({ version: 1 }), 0), 0);
    expect(second.version).toBeGreaterThan(first.store.version ?? Infinity);
    expect(Number.isSafeInteger(second.version)).toBe(true);
  });

  test('rise with every answer that is due, and only then; a table never outlives its assignments', () => {
    const event = fc.record({
      ms: fc.nat(4000),
      what: fc.oneof(
        fc.constant('tick' as const),
        fc.constant(heartbeat),
        fc.double({ min: 0, max: 1, noNaN: true }).map(withWeight),
        fc.constant({}),
      ),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const held = new HeldAssignments();
        const store = new TableStore(held, STARTED);
        let now = 0;
        for (const { ms, what } of events) {
          now += ms;
          const before = store.version;
          const due =
            what === 'tick'
              ? tick(held, store, now)
              : store.changed(held.apply(update({ validForMs: 5000, ...what }), now), now);
          expect(due).toBe(store.version !== before);
          expect(store.version ?? 0).toBeGreaterThanOrEqual(before ?? 0);
          const bytes = store.table(now)?.bytes;
          if (bytes === undefined) continue;
          const table = readTable(bytes);
          expect(table.version).toBe(store.version);
          if (table.services > 0) expect(now + table.validForMs).toBeLessThanOrEqual(held.validUntil ?? -1);
        }
      }),
    );
  });
});
