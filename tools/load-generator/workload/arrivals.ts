/** Schedules of requests. */
import type { Random } from '../../../apps/service/random.ts';

/**
 * `constant`: at even intervals. `poisson`: at exponential intervals, like requests of many independent users. They
 * cause occasional queues, which even intervals at the same rate never do.
 */
export const ARRIVALS = ['constant', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** When request `index` is due, ms after the start. Called with rising indices; the same index may repeat. */
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
