/** The public API: the paths, fields and answers of the original frontend. */
import type { HotelProfile } from '../data/hotels.ts';
import { MEASURES } from '../domain/recommend.ts';
import { connectServices } from '../http/downstream.ts';
import { type Query, stayFields } from '../http/query.ts';
import type { TraceHeaders } from '../../service/trace.ts';
import type { CreateService } from './service.ts';

interface Hotels {
  readonly hotelIds: readonly string[];
}

/** Hotels as GeoJSON (RFC 7946). */
function featureCollection(hotels: readonly HotelProfile[]): unknown {
  return {
    type: 'FeatureCollection',
    features: hotels.map(({ id, name, phoneNumber, address }) => ({
      type: 'Feature',
      id,
      properties: { name, phone_number: phoneNumber },
      geometry: { type: 'Point', coordinates: [address.lon, address.lat] },
    })),
  };
}

export const create: CreateService = ({ addressing }) => {
  const services = connectServices(addressing);

  async function profiles({ hotelIds }: Hotels, trace: TraceHeaders): Promise<unknown> {
    const fields = { hotelIds: hotelIds.join(',') };
    const { hotels } = await services.get<{ hotels: HotelProfile[] }>('profile', '/profiles', fields, trace);
    return featureCollection(hotels);
  }

  async function isUser(query: Query, trace: TraceHeaders): Promise<boolean> {
    const fields = { username: query.text('username'), password: query.text('password') };
    return (await services.post<{ correct: boolean }>('user', '/check', fields, trace)).correct;
  }

  return {
    routes: {
      '/hotels': async ({ query, trace }) => {
        const stay = stayFields(query.stay());
        const near = await services.get<Hotels>('search', '/nearby', { ...query.place(), ...stay }, trace);
        const availability = { hotelIds: near.hotelIds.join(','), ...stay, number: 1 };
        return profiles(await services.get<Hotels>('reservation', '/availability', availability, trace), trace);
      },
      '/recommendations': async ({ query, trace }) => {
        const fields = { require: query.oneOf('require', MEASURES), ...query.place() };
        return profiles(await services.get<Hotels>('recommendation', '/recommendations', fields, trace), trace);
      },
      '/user': async ({ query, trace }) => ({
        message: (await isUser(query, trace))
          ? 'Login successfully!'
          : 'Failed. Please check your username and password. ',
      }),
      '/reservation': async ({ query, trace }) => {
        const booking = {
          hotelId: query.hotel(),
          customerName: query.text('customerName'),
          number: query.rooms(),
          ...stayFields(query.stay()),
        };
        if (!(await isUser(query, trace))) return { message: 'Failed. Please check your username and password. ' };
        const { booked } = await services.post<{ booked: boolean }>('reservation', '/book', booking, trace);
        return { message: booked ? 'Reserve successfully!' : 'Failed. Already reserved. ' };
      },
    },
    close: () => services.close(),
  };
};
