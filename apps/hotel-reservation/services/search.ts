/**
 * Hotels for a stay: `GET /nearby?lat&lon&inDate&outDate` -> `{hotelIds}` of those that are near and have a rate
 * plan, the cheapest first. It calls geo, then rate.
 */
import { stayFields } from '../http/query.ts';
import { connectServices } from '../http/downstream.ts';
import type { CreateService } from './service.ts';

export const create: CreateService = ({ addressing }) => {
  const services = connectServices(addressing);
  return {
    routes: {
      '/nearby': async ({ query, trace }) => {
        const { lat, lon } = query.place();
        const stay = stayFields(query.stay());
        const near = await services.get<{ hotelIds: string[] }>('geo', '/nearby', { lat, lon }, trace);
        const hotelIds = near.hotelIds.join(',');
        type Plans = { ratePlans: { hotelId: string }[] };
        const { ratePlans } = await services.get<Plans>('rate', '/rates', { hotelIds, ...stay }, trace);
        return { hotelIds: ratePlans.map((plan) => plan.hotelId) };
      },
    },
    close: () => services.close(),
  };
};
