/**
 * Availability and bookings: `GET /availability?hotelIds&inDate&outDate&number` -> `{hotelIds}` of those with `number`
 * rooms free; `POST /book?hotelId&customerName&inDate&outDate&number` -> `{booked}`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openReservations } from '../domain/reservations.ts';
import type { CreateService } from './service.ts';

export const create: CreateService = ({ data }) => {
  mkdirSync(data, { recursive: true });
  const reservations = openReservations(join(data, 'reservations.sqlite'));
  return {
    routes: {
      '/availability': ({ query }) => ({
        hotelIds: reservations.available(query.hotels(), query.stay(), query.rooms()).map(String),
      }),
      '/book': ({ query }) => ({
        booked: reservations.book({
          hotel: query.hotel(),
          customer: query.text('customerName'),
          stay: query.stay(),
          rooms: query.rooms(),
        }),
      }),
    },
    close: () => reservations.close(),
  };
};
