/** When requests fall due. */
import type { Random } from '../../../apps/service/random.ts';

/**
 * `constant`: at even intervals. `poisson`: at exponential ones, as requests of many people who know nothing of each
 * other come: the same rate, with queues now and then, which even intervals never cause.
 */
export const ARRIVALS = ['constant', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** When request `index` is due, ms after the start. Is asked in order, of one request as often as one likes. */
export type Schedule = (index: number) => number;

/** `rate` requests per second on average. */
export function scheduleOf(arrivals: Arrivals, rate: number, random: Random): Schedule {
  if (arrivals === 'constant') return (index) => (index * 1000) / rate;
  let dueMs = 0;
  let known = 0;
  return (index) => {
    for (; known < index; known++) dueMs -= (Math.log(1 - random()) * 1000) / rate;
    return dueMs;
  };
}
