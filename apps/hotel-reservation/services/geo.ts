/** Which hotels are near: `GET /nearby?lat&lon` -> `{hotelIds}`, the nearest first. */
import type { CreateService } from './service.ts';
import KDBush from 'kdbush';
import { around } from 'geokdbush';
import { HOTELS, hotelPosition } from '../data/hotels.ts';

const RADIUS_KM = 10;
const AT_MOST = 5;

/** Builds the index; the answer is a search for at most 5 hotel numbers within 10 km, the nearest first. */
export function indexHotels(): (lat: number, lon: number) => number[] {
  const index = new KDBush(HOTELS);
  for (let hotel = 1; hotel <= HOTELS; hotel++) {
    const { lat, lon } = hotelPosition(hotel);
    index.add(lon, lat);
  }
  index.finish();
  return (lat, lon) => around(index, lon, lat, AT_MOST, RADIUS_KM).map((place) => place + 1);
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
