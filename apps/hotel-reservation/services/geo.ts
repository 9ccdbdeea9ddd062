/**
 * Hotels near a place, by a k-d tree over their positions: `GET /nearby?lat&lon` -> `{hotelIds}`, the nearest first.
 */
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import { HOTELS, hotelPosition } from '../data/hotels.ts';
import type { CreateService } from './service.ts';

const RADIUS_KM = 10;
const MAX_RESULTS = 5;

/** Builds the index. The returned function finds at most 5 hotel numbers within 10 km, the nearest first. */
export function indexHotels(): (lat: number, lon: number) => number[] {
  const index = new KDBush(HOTELS);
  for (let hotel = 1; hotel <= HOTELS; hotel++) {
    const { lat, lon } = hotelPosition(hotel);
    index.add(lon, lat);
  }
  index.finish();
  return (lat, lon) => around(index, lon, lat, MAX_RESULTS, RADIUS_KM).map((place) => place + 1);
}

export const create: CreateService = () => {
  const nearest = indexHotels();
  return {
    routes: {
      '/nearby': ({ query }) => {
        const { lat, lon } = query.place();
        return { hotelIds: nearest(lat, lon).map(String) };
      },
    },
  };
};
