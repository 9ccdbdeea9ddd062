/**
 * The generated hotels: numbers 1 to 5000. The first 80 are where the original application has its 80. The others are
 * spread over the same area (San Francisco Bay and the land north-east of it). Nothing is stored: each service draws
 * the fields that it needs.
 */
import { draw, pick } from '../../service/random.ts';

export const HOTELS = 5000;

const FIRST_SIX: readonly (readonly [number, number])[] = [
  [37.7867, -122.4112],
  [37.7854, -122.4005],
  [37.7854, -122.4071],
  [37.7936, -122.393],
  [37.7831, -122.4181],
  [37.7863, -122.4015],
];
const SOUTH = 37.65;
const NORTH = 38.4;
const WEST = -122.55;
const EAST = -121.65;

const FIELD = { lat: 1, lon: 2, price: 3, rating: 4, first: 5, last: 6, kind: 7, street: 8, house: 9, phone: 10 };

const FIRST_NAMES = [
  'Grand',
  'Old',
  'Harbour',
  'Golden',
  'Quiet',
  'Redwood',
  'Bay',
  'Hill',
  'Ocean',
  'Garden',
] as const;
const LAST_NAMES = ['Oak', 'Gate', 'Lantern', 'Pier', 'Mission', 'Vineyard', 'Falcon', 'Cypress', 'Anchor'] as const;
const KINDS = ['Hotel', 'Inn', 'Lodge', 'Suites', 'House'] as const;
const STREETS = ['Market St', 'Mission St', 'Valencia St', 'Solano Ave', 'Telegraph Ave', 'Main St'] as const;

/** The number of a hotel from its text; undefined if there is no such hotel. */
export function hotelNumber(id: string): number | undefined {
  if (!/^[1-9]\d{0,4}$/.test(id)) return undefined;
  const hotel = Number(id);
  return hotel <= HOTELS ? hotel : undefined;
}

/** Degrees. */
export function hotelPosition(hotel: number): { lat: number; lon: number } {
  const known = FIRST_SIX[hotel - 1];
  if (known) return { lat: known[0], lon: known[1] };
  if (hotel <= 80) return { lat: 37.7835 + (hotel / 500) * 3, lon: -122.41 + (hotel / 500) * 4 };
  return {
    lat: SOUTH + draw(hotel, FIELD.lat) * (NORTH - SOUTH),
    lon: WEST + draw(hotel, FIELD.lon) * (EAST - WEST),
  };
}

/** Price of the cheapest room type in an average night, whole dollars. */
export function hotelPrice(hotel: number): number {
  return 60 + Math.floor(draw(hotel, FIELD.price) ** 2 * 340);
}

/** Guests' rating, 2.5 to 5 in tenths. */
export function hotelRating(hotel: number): number {
  return Math.round(25 + draw(hotel, FIELD.rating) * 25) / 10;
}

/** Rooms that the hotel can sell each night: 200, 300 or 250, as in the original. */
export function hotelRooms(hotel: number): number {
  return [200, 300, 250][hotel % 3] ?? 200;
}

export interface HotelProfile {
  readonly id: string;
  readonly name: string;
  readonly phoneNumber: string;
  readonly description: string;
  readonly address: {
    readonly streetNumber: string;
    readonly streetName: string;
    readonly city: string;
    readonly state: string;
    readonly country: string;
    readonly postalCode: string;
    readonly lat: number;
    readonly lon: number;
  };
}

export function hotelProfile(hotel: number): HotelProfile {
  const name = `${pick(FIRST_NAMES, hotel, FIELD.first)} ${pick(LAST_NAMES, hotel, FIELD.last)} ${pick(KINDS, hotel, FIELD.kind)}`;
  const streetName = pick(STREETS, hotel, FIELD.street);
  const phone = Math.floor(draw(hotel, FIELD.phone) * 1e7);
  return {
    id: String(hotel),
    name,
    phoneNumber: `(415) ${String(phone)
      .padStart(7, '0')
      .replace(/^(\d{3})/, '$1-')}`,
    description: `${name}, ${streetName}: rated ${hotelRating(hotel)} by its guests, rooms from ${hotelPrice(hotel)} dollars.`,
    address: {
      streetNumber: String(1 + Math.floor(draw(hotel, FIELD.house) * 999)),
      streetName,
      city: 'San Francisco',
      state: 'CA',
      country: 'United States',
      postalCode: String(94100 + (hotel % 90)),
      ...hotelPosition(hotel),
    },
  };
}
