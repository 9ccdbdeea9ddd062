/** Names, addresses and places: `GET /profiles?hotelIds` -> `{hotels}`, in the given order. */
import { hotelProfile } from '../data/hotels.ts';
import type { CreateService } from './service.ts';

export const create: CreateService = () => ({
  routes: {
    '/profiles': ({ query }) => ({ hotels: query.hotels().map(hotelProfile) }),
  },
});
