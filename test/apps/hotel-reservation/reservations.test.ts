import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { hotelRooms } from '../../../apps/hotel-reservation/data/hotels.ts';
import { type Booking, openReservations } from '../../../apps/hotel-reservation/domain/reservations.ts';
import type { OpenTogether } from './open-together.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotel-reservations-'));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;

function freshFile(): string {
  files += 1;
  return join(directory, `${files}.sqlite`);
}

function booking(hotel: number, firstNight: number, nights: number, rooms: number): Booking {
  return { hotel, customer: 'Cornell_1', stay: { firstNight, nights }, rooms };
}

describe('reservations', () => {
  test('are refused when one night of the stay is full, and nothing of them is stored', () => {
    const reservations = openReservations(freshFile());
    const rooms = hotelRooms(1);
    expect(reservations.book(booking(1, 102, 1, rooms))).toBe(true);
    expect(reservations.book(booking(1, 100, 3, 1))).toBe(false);
    expect(reservations.available([1], { firstNight: 100, nights: 2 }, rooms)).toEqual([1]);
    expect(reservations.available([1], { firstNight: 100, nights: 3 }, 1)).toEqual([]);
    expect(reservations.book(booking(1, 100, 2, rooms))).toBe(true);
    reservations.close();
  });

  test('are still there when the database is opened again', () => {
    const file = freshFile();
    const first = openReservations(file);
    first.book(booking(7, 10, 2, hotelRooms(7)));
    first.close();
    const second = openReservations(file);
    expect(second.available([7, 8], { firstNight: 11, nights: 1 }, 1)).toEqual([8]);
    second.close();
  });

  test('can be opened by replicas that start in the same moment', async () => {
    const together = mkdtempSync(join(directory, 'together-'));
    const names = Array.from({ length: 100 }, (_, index) => `${index}.sqlite`);
    const workerData: OpenTogether = {
      files: names.map((name) => join(together, name)),
      threads: 4,
      begun: new SharedArrayBuffer(4),
    };
    const thread = new URL('open-together.ts', import.meta.url);
    await Promise.all(
      Array.from({ length: workerData.threads }, () => once(new Worker(thread, { workerData }), 'exit')),
    );
    // SQLite may leave its own `-wal` and `-shm` behind where connections are closed in the same moment.
    expect(readdirSync(together).filter((name) => !/^\d+\.sqlite(-wal|-shm)?$/.test(name))).toEqual([]);
  });

  test('made through two connections never add up to more than the rooms', () => {
    const requests = fc.array(
      fc.record({
        connection: fc.integer({ min: 0, max: 1 }),
        firstNight: fc.integer({ min: 0, max: 4 }),
        nights: fc.integer({ min: 1, max: 3 }),
        rooms: fc.integer({ min: 1, max: 120 }),
      }),
      { minLength: 5, maxLength: 20 },
    );
    fc.assert(
      fc.property(requests, (made) => {
        const file = freshFile();
        const connections = [openReservations(file), openReservations(file)];
        const taken = Array.from({ length: 8 }, () => 0);
        for (const { connection, firstNight, nights, rooms } of made) {
          const stay = taken.slice(firstNight, firstNight + nights);
          const fits = Math.max(...stay) + rooms <= hotelRooms(1);
          expect(connections[connection]?.book(booking(1, firstNight, nights, rooms))).toBe(fits);
          if (fits) stay.forEach((night, at) => (taken[firstNight + at] = night + rooms));
        }
        for (const connection of connections) connection.close();
      }),
      { numRuns: 20 },
    );
  });
});
