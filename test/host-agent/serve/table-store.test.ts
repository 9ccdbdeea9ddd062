import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { TableStore } from '../../../host-agent/serve/table-store.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { readTable } from '../support/table.ts';
import { replica, service, update } from '../support/updates.ts';

const STARTED = 1_763_600_000_000;

/** A board with its assignments; each call says whether waiting proxies are to be answered. */
function setUp(): {
  board: TableStore;
  hear: (now: number, overrides?: Partial<AssignmentUpdate>) => boolean;
  read: (now: number) => ReturnType<typeof readTable>;
} {
  const held = new HeldAssignments();
  const board = new TableStore(held, STARTED);
  return {
    board,
    hear: (now, overrides = {}) => board.changed(held.apply(update(overrides), now), now),
    read: (now) => readTable(board.table(now)?.bytes ?? new Uint8Array(32)),
  };
}

const withWeight = (weight: number): Partial<AssignmentUpdate> => ({
  full: false,
  services: [service({ replicas: [replica({ weight })] })],
});
const heartbeat: Partial<AssignmentUpdate> = { full: false, services: [] };

test('before the first assignment there is nothing to say: a proxy keeps what it has', () => {
  const { board } = setUp();
  expect(board.version).toBeUndefined();
  expect(board.table(0)).toBeUndefined();
  expect(board.tick(60_000)).toBe(false);
});

test('what changed is passed on at once, and once', () => {
  const { hear, board, read } = setUp();
  expect(hear(0)).toBe(true);
  expect(hear(10, withWeight(0.5))).toBe(true);
  expect(read(10).replicas[0]?.weight).toBe(0.5);
  expect(hear(20, withWeight(0.5))).toBe(false);
  expect(board.tick(30)).toBe(false);
  expect(hear(40, withWeight(0.25))).toBe(true);
});

test('what the controller renewed reaches proxies before their own table runs out', () => {
  const { hear, board, read } = setUp();
  hear(0, { validForMs: 9000 });
  const given: number[] = [read(0).validForMs];
  const raisedAt: number[] = [0];
  for (let now = 1000; now <= 60_000; now += 1000) {
    if (!hear(now, { ...heartbeat, validForMs: 9000 }) && !board.tick(now)) continue;
    expect(now).toBeLessThan((raisedAt.at(-1) ?? 0) + (given.at(-1) ?? 0));
    raisedAt.push(now);
    given.push(read(now).validForMs);
  }
  expect(raisedAt.length).toBeGreaterThan(5);
  expect(raisedAt.length).toBeLessThan(25);
});

test('a proxy that asks late gets what is left of the validity', () => {
  const { hear, read } = setUp();
  hear(1000, { validForMs: 10_000 });
  expect(read(5000).validForMs).toBeLessThanOrEqual(6000);
  expect(read(5000).validForMs).toBeGreaterThan(5000);
});

test('the same bytes serve all proxies that ask within a moment', () => {
  const { hear, board } = setUp();
  hear(0);
  const first = board.table(0)?.bytes;
  expect(board.table(99)?.bytes).toBe(first);
  expect(board.table(100)?.bytes).not.toBe(first);
  hear(100, withWeight(0.1));
  expect(readTable(board.table(100)?.bytes ?? new Uint8Array(32)).replicas[0]?.weight).toBeCloseTo(0.1);
});

test('expired assignments become an empty table that proxies take for good', () => {
  const { hear, board, read } = setUp();
  hear(0, { validForMs: 3000 });
  const before = board.version;
  expect(board.tick(2999)).toBe(false);
  expect(board.tick(3000)).toBe(true);
  expect(board.version).not.toBe(before);
  expect(read(3000)).toMatchObject({ version: board.version, services: 0, replicas: [] });
  expect(read(3000).validForMs).toBeGreaterThan(0);
  expect(board.tick(30_000)).toBe(false);
  expect(hear(30_000)).toBe(true);
  expect(read(30_000).services).toBe(1);
});

describe('versions', () => {
  test('of an agent started anew are none that the one before it named, whatever the controller counts', () => {
    const first = setUp();
    for (let now = 0; now < 5000; now += 5) first.hear(now, withWeight(now / 5000));
    const held = new HeldAssignments();
    const second = new TableStore(held, STARTED + 5000);
    second.changed(held.apply(update({ version: 1 }), 0), 0);
    expect(second.version).toBeGreaterThan(first.board.version ?? Infinity);
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
        const board = new TableStore(held, STARTED);
        let now = 0;
        for (const { ms, what } of events) {
          now += ms;
          const before = board.version;
          const due =
            what === 'tick'
              ? board.tick(now)
              : board.changed(held.apply(update({ validForMs: 5000, ...what }), now), now);
          expect(due).toBe(board.version !== before);
          expect(board.version ?? 0).toBeGreaterThanOrEqual(before ?? 0);
          const bytes = board.table(now)?.bytes;
          if (bytes === undefined) continue;
          const table = readTable(bytes);
          expect(table.version).toBe(board.version);
          if (table.services > 0) expect(now + table.validForMs).toBeLessThanOrEqual(held.validUntil ?? -1);
        }
      }),
    );
  });
});
