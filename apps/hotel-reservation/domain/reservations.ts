/**
 * The stored reservations: one SQLite database in write-ahead mode, shared by all replicas of a machine. A booking
 * checks and takes its rooms in one immediate transaction, so two replicas cannot sell the same room.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { hotelRooms } from '../data/hotels.ts';
import type { Stay } from './stay.ts';

/** How long a replica waits for another replica's transaction before it fails. */
const BUSY_TIMEOUT_MS = 2000;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE reservation (
    id INTEGER PRIMARY KEY,
    hotel INTEGER NOT NULL,
    customer TEXT NOT NULL,
    first_night INTEGER NOT NULL,
    nights INTEGER NOT NULL,
    rooms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE occupancy (
    hotel INTEGER NOT NULL,
    night INTEGER NOT NULL,
    rooms INTEGER NOT NULL,
    PRIMARY KEY (hotel, night)
  ) STRICT, WITHOUT ROWID;
`;

export interface Booking {
  readonly hotel: number;
  readonly customer: string;
  readonly stay: Stay;
  readonly rooms: number;
}

export interface Reservations {
  /** Those of the given hotels that have `rooms` rooms free in every night of the stay, in the given order. */
  available(hotels: readonly number[], stay: Stay, rooms: number): number[];
  /**
   * Stores the booking; returns false and stores nothing if too few rooms are free. Throws on a locked or broken
   * database.
   */
  book(booking: Booking): boolean;
  close(): void;
}

/**
 * Makes the database in another file and links it into place in one step; if another replica was first, its database
 * stays. SQLite ignores the timeout while a file changes to write-ahead mode, so replicas that start together would
 * fail with "locked" if each changed the shared file.
 */
function createDatabase(file: string): void {
  const aside = `${file}.${randomUUID()}`;
  const database = new DatabaseSync(aside);
  database.exec(SCHEMA);
  database.close();
  try {
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside);
  }
}

export function openReservations(file: string): Reservations {
  if (!existsSync(file)) createDatabase(file);
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  const busiest = database.prepare(
    'SELECT coalesce(max(rooms), 0) AS rooms FROM occupancy WHERE hotel = ? AND night >= ? AND night < ?',
  );
  const insert = database.prepare(
    'INSERT INTO reservation (hotel, customer, first_night, nights, rooms) VALUES (?, ?, ?, ?, ?)',
  );
  const occupy = database.prepare(
    'INSERT INTO occupancy (hotel, night, rooms) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rooms = rooms + excluded.rooms',
  );

  function fits(hotel: number, stay: Stay, rooms: number): boolean {
    const taken = Number(busiest.get(hotel, stay.firstNight, stay.firstNight + stay.nights)?.['rooms']);
    return taken + rooms <= hotelRooms(hotel);
  }

  return {
    available: (hotels, stay, rooms) => hotels.filter((hotel) => fits(hotel, stay, rooms)),
    book({ hotel, customer, stay, rooms }) {
      database.exec('BEGIN IMMEDIATE');
      try {
        const free = fits(hotel, stay, rooms);
        if (free) {
          insert.run(hotel, customer, stay.firstNight, stay.nights, rooms);
          for (let night = 0; night < stay.nights; night++) occupy.run(hotel, stay.firstNight + night, rooms);
        }
        database.exec('COMMIT');
        return free;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}
