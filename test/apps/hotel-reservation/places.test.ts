import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOTELS, hotelPosition, hotelPrice, hotelRating } from '../../../apps/hotel-reservation/data/hotels.ts';
import { indexHotels } from '../../../apps/hotel-reservation/services/geo.ts';
import { MEASURES, createRecommender } from '../../../apps/hotel-reservation/domain/recommend.ts';

const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;

/** Great-circle distance in km by the spherical law of cosines. */
function distanceKm(hotel: number, lat: number, lon: number): number {
  const place = hotelPosition(hotel);
  const cosine =
    Math.sin(lat * RADIANS) * Math.sin(place.lat * RADIANS) +
    Math.cos(lat * RADIANS) * Math.cos(place.lat * RADIANS) * Math.cos((place.lon - lon) * RADIANS);
  return EARTH_KM * Math.acos(Math.min(1, cosine));
}

const ALL_HOTELS: readonly number[] = Array.from({ length: HOTELS }, (_, row) => row + 1);

const places = fc.record({
  lat: fc.double({ min: 37.5, max: 38.6, noNaN: true }),
  lon: fc.double({ min: -122.7, max: -121.5, noNaN: true }),
});

/** Distances that two formulas give may differ in the last digits, so orders are compared by distance. */
function distances(hotels: readonly number[], lat: number, lon: number): number[] {
  return hotels.map((hotel) => Math.round(distanceKm(hotel, lat, lon) * 1000) / 1000);
}

describe('the hotels near a place', () => {
  const nearest = indexHotels();

  test('are the five nearest within 10 km, as a look at every hotel finds them', () => {
    fc.assert(
      fc.property(places, ({ lat, lon }) => {
        const all = ALL_HOTELS.map((hotel) => ({ hotel, km: distanceKm(hotel, lat, lon) }));
        const expected = all.filter(({ km }) => km <= 10).toSorted((a, b) => a.km - b.km);
        const found = distances(nearest(lat, lon), lat, lon);
        const wanted = expected.slice(0, 5).map(({ km }) => Math.round(km * 1000) / 1000);
        expect(found).toHaveLength(wanted.length);
        found.forEach((km, place) => expect(km).toBeCloseTo(wanted[place] ?? NaN, 1));
      }),
      { numRuns: 50 },
    );
  });

  test('are none far from the area', () => {
    expect(nearest(52.5, 13.4)).toEqual([]);
  });

  test('hold hotel 1 where the original has it', () => {
    expect(hotelPosition(1)).toEqual({ lat: 37.7867, lon: -122.4112 });
    expect(nearest(37.7867, -122.4112)[0]).toBe(1);
  });
});

describe('recommendations', () => {
  const recommend = createRecommender();

  test.each(MEASURES)('by %s are those that sorting every hotel puts first', (measure) => {
    fc.assert(
      fc.property(places, ({ lat, lon }) => {
        const score = {
          dis: () => 0,
          rate: (hotel: number) => -hotelRating(hotel),
          price: (hotel: number) => hotelPrice(hotel),
        }[measure];
        const ranked = ALL_HOTELS.map((hotel) => ({ hotel, score: score(hotel), km: distanceKm(hotel, lat, lon) }))
          .toSorted((a, b) => a.score - b.score || a.km - b.km)
          .slice(0, 5);
        const found = recommend(measure, lat, lon);
        expect(found.map(score)).toEqual(ranked.map((row) => row.score));
        distances(found, lat, lon).forEach((km, place) => expect(km).toBeCloseTo(ranked[place]?.km ?? NaN, 2));
      }),
      { numRuns: 30 },
    );
  });
});
