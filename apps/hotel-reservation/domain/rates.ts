/**
 * What a stay costs. Every room type and tariff is priced night by night from season, weekday and expected demand. The
 * cheapest that can still be booked is the hotel's rate plan.
 */
import { draw } from '../../service/random.ts';
import { hotelPrice } from '../data/hotels.ts';
import { type Stay, dateOf } from './stay.ts';

export interface RatePlan {
  readonly hotelId: string;
  readonly code: string;
  readonly inDate: string;
  readonly outDate: string;
  readonly roomType: {
    readonly code: string;
    readonly description: string;
    /** Dollars for the first night. */
    readonly bookableRate: number;
    /** Dollars for all nights, without and with tax. */
    readonly totalRate: number;
    readonly totalRateInclusive: number;
  };
}

const ROOM_TYPES = [
  { code: 'QN', description: 'Queen sized bed', factor: 1 },
  { code: 'DBL', description: 'Two double beds', factor: 1.1 },
  { code: 'KNG', description: 'King sized bed', factor: 1.25 },
  { code: 'STE', description: 'Suite', factor: 1.9 },
] as const;

const TARIFFS = [
  { code: 'RACK', factor: 1, minimumNights: 1 },
  { code: 'LONG', factor: 0.92, minimumNights: 3 },
  { code: 'WEEK', factor: 0.85, minimumNights: 7 },
] as const;

const TAX = 0.14;
const BOOKING_WEEKS = 26;
/** Chance that a room type is sold out in a night. */
const SOLD_OUT = 0.03;

/** Friday and Saturday nights are dearer; day 0 (1970-01-01) was a Thursday. */
const WEEKDAY = [1, 1.18, 1.22, 0.96, 0.94, 0.95, 0.97] as const;

function season(day: number): number {
  const angle = (2 * Math.PI * (day - 200)) / 365.25;
  return 1 + 0.16 * Math.cos(angle) + 0.05 * Math.cos(2 * angle);
}

/** Expected fraction of the rooms sold on a night: bookings of the past weeks, with more weight on recent ones. */
function expectedDemand(hotel: number, night: number): number {
  let sum = 0;
  let weights = 0;
  for (let week = 0; week < BOOKING_WEEKS; week++) {
    const weight = Math.exp(-week / 8);
    sum += weight * draw(hotel, 100 + night - 7 * week);
    weights += weight;
  }
  return sum / weights;
}

/** Factor on the base price for a night: low when few rooms are expected to be sold. */
function nightFactor(hotel: number, night: number): number {
  const demand = expectedDemand(hotel, night);
  return season(night) * (WEEKDAY[night % 7] ?? 1) * (0.8 + 0.7 * demand ** 2);
}

function dollars(amount: number): number {
  return Math.round(amount * 100) / 100;
}

/** A room type is sold out for a stay if its last room is gone in any of the nights. */
function soldOut(hotel: number, room: number, stay: Stay): boolean {
  for (let night = 0; night < stay.nights; night++) {
    if (draw(hotel, (stay.firstNight + night) * ROOM_TYPES.length + room) < SOLD_OUT) return true;
  }
  return false;
}

/** The cheapest rate plan of a hotel for a stay; undefined if every room type is sold out. */
export function ratePlan(hotel: number, stay: Stay): RatePlan | undefined {
  const base = hotelPrice(hotel);
  const factors = Array.from({ length: stay.nights }, (_, night) => nightFactor(hotel, stay.firstNight + night));
  const plans = ROOM_TYPES.filter((_, room) => !soldOut(hotel, room, stay)).flatMap((room) =>
    TARIFFS.filter((tariff) => stay.nights >= tariff.minimumNights).map((tariff) => {
      const nights = factors.map((factor) => dollars(base * room.factor * tariff.factor * factor));
      return { room, tariff, first: nights[0] ?? 0, total: nights.reduce((sum, night) => sum + night, 0) };
    }),
  );
  const best = plans.toSorted((a, b) => a.total - b.total)[0];
  return (
    best && {
      hotelId: String(hotel),
      code: best.tariff.code,
      inDate: dateOf(stay.firstNight),
      outDate: dateOf(stay.firstNight + stay.nights),
      roomType: {
        code: best.room.code,
        description: best.room.description,
        bookableRate: best.first,
        totalRate: dollars(best.total),
        totalRateInclusive: dollars(best.total * (1 + TAX)),
      },
    }
  );
}

/** Rate plans of those hotels that have a room, the cheapest first. */
export function ratePlans(hotels: readonly number[], stay: Stay): RatePlan[] {
  return hotels
    .map((hotel) => ratePlan(hotel, stay))
    .filter((plan) => plan !== undefined)
    .toSorted((a, b) => a.roomType.totalRate - b.roomType.totalRate);
}
