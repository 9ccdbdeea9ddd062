/** What a stay costs: `GET /rates?hotelIds&inDate&outDate` -> `{ratePlans}`, the cheapest first. */
import { ratePlans } from '../domain/rates.ts';
import type { CreateService } from './service.ts';

export const create: CreateService = () => ({
  routes: {
    '/rates': ({ query }) => ({ ratePlans: ratePlans(query.hotels(), query.stay()) }),
  },
});
