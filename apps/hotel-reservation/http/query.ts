/** Reads the fields of a query string. A missing or malformed field is a 400 that names the field. */
import { hotelNumber } from '../data/hotels.ts';
import { MAX_NIGHTS, type Stay, dateOf, dayNumber } from '../domain/stay.ts';

/** A request that cannot be served as it is. It becomes the response's status and `{"message": …}`. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.status = status;
  }
}

const MAX_TEXT = 200;
const MAX_HOTELS = 100;
const MAX_ROOMS = 20;

function refuse(field: string, why: string): never {
  throw new RequestError(400, `${field}: ${why}`);
}

export class Query {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  text(field: string): string {
    const value = this.#fields.get(field);
    if (!value) refuse(field, 'is missing');
    return value.length <= MAX_TEXT ? value : refuse(field, `is longer than ${MAX_TEXT} characters`);
  }

  oneOf<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.text(field);
    return choices.find((choice) => choice === value) ?? refuse(field, `must be one of ${choices.join(', ')}`);
  }

  /** `lat` and `lon` in degrees. */
  place(): { lat: number; lon: number } {
    return { lat: this.#degrees('lat', 90), lon: this.#degrees('lon', 180) };
  }

  /** `inDate` and `outDate`. */
  stay(): Stay {
    const firstNight = this.#day('inDate');
    const nights = this.#day('outDate') - firstNight;
    if (nights < 1) refuse('outDate', 'must be after inDate');
    if (nights > MAX_NIGHTS) refuse('outDate', `must be at most ${MAX_NIGHTS} nights after inDate`);
    return { firstNight, nights };
  }

  /** `number` of rooms. */
  rooms(): number {
    const value = this.text('number');
    const rooms = /^\d{1,3}$/.test(value) ? Number(value) : 0;
    return rooms >= 1 && rooms <= MAX_ROOMS ? rooms : refuse('number', `must be a whole number from 1 to ${MAX_ROOMS}`);
  }

  hotel(): number {
    return hotelNumber(this.text('hotelId')) ?? refuse('hotelId', 'is not the number of a hotel');
  }

  /** `hotelIds`, separated by commas. The list may be empty. */
  hotels(): number[] {
    const value = this.#fields.get('hotelIds') ?? refuse('hotelIds', 'is missing');
    const ids = value === '' ? [] : value.split(',');
    if (ids.length > MAX_HOTELS) refuse('hotelIds', `has more than ${MAX_HOTELS} hotels`);
    return ids.map((id) => hotelNumber(id) ?? refuse('hotelIds', 'holds something that is not the number of a hotel'));
  }

  #degrees(field: string, limit: number): number {
    const value = Number(this.text(field));
    return Math.abs(value) <= limit ? value : refuse(field, `must be a number from -${limit} to ${limit}`);
  }

  #day(field: string): number {
    return dayNumber(this.text(field)) ?? refuse(field, 'must be a date of the form YYYY-MM-DD');
  }
}

/** The stay as the fields `inDate` and `outDate`, for a call to another service. */
export function stayFields(stay: Stay): { inDate: string; outDate: string } {
  return { inDate: dateOf(stay.firstNight), outDate: dateOf(stay.firstNight + stay.nights) };
}
