import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOTELS, hotelPrice } from '../../../apps/hotel-reservation/data/hotels.ts';
import { ratePlan, ratePlans } from '../../../apps/hotel-reservation/domain/rates.ts';
import { dateOf, dayNumber, MAX_NIGHTS } from '../../../apps/hotel-reservation/domain/stay.ts';

const hotels = fc.integer({ min: 1, max: HOTELS });
const stays = fc.record({
  firstNight: fc.integer({ min: 0, max: 30_000 }),
  nights: fc.integer({ min: 1, max: MAX_NIGHTS }),
});

describe('rate plans', () => {
  test('cost what the nights cost, with tax on top', () => {
    fc.assert(
      fc.property(hotels, stays, (hotel, stay) => {
        const plan = ratePlan(hotel, stay);
        fc.pre(plan !== undefined);
        const { bookableRate, totalRate, totalRateInclusive } = plan.roomType;
        expect(bookableRate).toBeLessThanOrEqual(totalRate);
        expect(totalRate / stay.nights).toBeGreaterThan(hotelPrice(hotel) * 0.5);
        expect(totalRate / stay.nights).toBeLessThan(hotelPrice(hotel) * 4);
        expect(totalRateInclusive).toBeCloseTo(totalRate * 1.14, 1);
        expect([plan.inDate, plan.outDate]).toEqual([dateOf(stay.firstNight), dateOf(stay.firstNight + stay.nights)]);
      }),
    );
  });

  test('use the tariff that a long stay earns', () => {
    const codes = [1, 3, 7].map((nights) => ratePlan(5, { firstNight: 16_000, nights })?.code);
    expect(codes).toEqual(['RACK', 'LONG', 'WEEK']);
  });

  test('come cheapest first, one for each hotel that has a room', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hotels, { maxLength: 10 }), stays, (some, stay) => {
        const plans = ratePlans(some, stay);
        const totals = plans.map((plan) => plan.roomType.totalRate);
        expect(totals).toEqual(totals.toSorted((a, b) => a - b));
        const withRoom = some.filter((hotel) => ratePlan(hotel, stay) !== undefined).map(String);
        expect(plans.map((plan) => plan.hotelId).toSorted()).toEqual(withRoom.toSorted());
      }),
    );
  });

  test('leave hotels out that are sold out', () => {
    const stay = { firstNight: 16_500, nights: MAX_NIGHTS };
    const offered = Array.from({ length: 100 }, (_, row) => ratePlan(row + 1, stay)).filter(Boolean).length;
    expect(offered).toBeGreaterThan(0);
    expect(offered).toBeLessThan(100);
  });
});

describe('dates', () => {
  test('are day numbers and back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 100_000 }), (day) => dayNumber(dateOf(day)) === day));
    expect(dayNumber('1970-01-02')).toBe(1);
  });

  test.each(['2015-04-31', '2015-02-29', '2015-13-01', '2015-4-9', '09.04.2015', '', '2015-04-09T00:00'])(
    '%s is none',
    (text) => expect(dayNumber(text)).toBeUndefined(),
  );
});
