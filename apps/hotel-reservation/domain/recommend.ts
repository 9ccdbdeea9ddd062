/** The best hotels by one measure. It scans every hotel and orders equal ones by distance. */
import { HOTELS, hotelPosition, hotelPrice, hotelRating } from '../data/hotels.ts';

/** `dis`: nearest, `rate`: best rated, `price`: cheapest. */
export const MEASURES = ['dis', 'rate', 'price'] as const;
export type Measure = (typeof MEASURES)[number];

const MAX_RESULTS = 5;
const RADIANS = Math.PI / 180;

/**
 * Great-circle distance by the haversine formula, without its last step: sin²(half the angle) rises with the distance,
 * which is enough to order by.
 */
function haversine(latA: number, lonA: number, latB: number, lonB: number): number {
  const lat = Math.sin((latB - latA) / 2);
  const lon = Math.sin((lonB - lonA) / 2);
  return lat * lat + Math.cos(latA) * Math.cos(latB) * lon * lon;
}

/**
 * Reads all hotels once. The returned function ranks them for a place (degrees) and returns at most 5 hotel numbers.
 */
export function createRecommender(): (measure: Measure, lat: number, lon: number) => number[] {
  const lats = new Float64Array(HOTELS);
  const lons = new Float64Array(HOTELS);
  const scores = { rate: new Float64Array(HOTELS), price: new Float64Array(HOTELS) };
  for (let row = 0; row < HOTELS; row++) {
    const { lat, lon } = hotelPosition(row + 1);
    lats[row] = lat * RADIANS;
    lons[row] = lon * RADIANS;
    scores.rate[row] = -hotelRating(row + 1);
    scores.price[row] = hotelPrice(row + 1);
  }
  return (measure, lat, lon) => {
    const best: { hotel: number; score: number; distance: number }[] = [];
    for (let row = 0; row < HOTELS; row++) {
      const distance = haversine(lat * RADIANS, lon * RADIANS, lats[row] ?? 0, lons[row] ?? 0);
      const score = measure === 'dis' ? distance : (scores[measure][row] ?? 0);
      const last = best[MAX_RESULTS - 1];
      if (last && (score > last.score || (score === last.score && distance >= last.distance))) continue;
      let place = Math.min(best.length, MAX_RESULTS - 1);
      for (; place > 0; place--) {
        const before = best[place - 1];
        if (!before || before.score < score || (before.score === score && before.distance <= distance)) break;
        best[place] = before;
      }
      best[place] = { hotel: row + 1, score, distance };
    }
    return best.map(({ hotel }) => hotel);
  };
}
