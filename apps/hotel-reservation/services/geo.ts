/** Which hotels are near: `GET /nearby?lat&lon` -> `{hotelIds}`, the nearest first. */
import { indexHotels } from '../domain/nearest.ts';
import type { CreateService } from './service.ts';

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
