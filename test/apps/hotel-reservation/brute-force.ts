/** The plain way to order hotels by distance: what the application's own ways are held against. */
import { HOTELS, hotelPosition } from '../../../apps/hotel-reservation/data/hotels.ts';

const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;

/** Great-circle distance in km by the spherical law of cosines. */
export function distanceKm(hotel: number, lat: number, lon: number): number {
  const place = hotelPosition(hotel);
  const cosine =
    Math.sin(lat * RADIANS) * Math.sin(place.lat * RADIANS) +
    Math.cos(lat * RADIANS) * Math.cos(place.lat * RADIANS) * Math.cos((place.lon - lon) * RADIANS);
  return EARTH_KM * Math.acos(Math.min(1, cosine));
}

export const ALL_HOTELS: readonly number[] = Array.from({ length: HOTELS }, (_, row) => row + 1);
