/**
 * How popular a video is at the moment: a mean of the past week's hourly views, with more weight on recent hours. Views
 * follow Zipf's law over the videos, the time of day, and random bursts.
 */
import { draw } from '../../service/random.ts';

const HOURS = 7 * 24;
/** Age at which the weight of a view is 1/e. */
const MEMORY_HOURS = 24;
const BURST_HOURS = 6;
const BURST_CHANCE = 0.03;
const BURST_FACTOR = 12;
/** Views of the first video in an average hour. */
const MAX_VIEWS = 40_000;

const FIELD = { peak: 20, burst: 1_000_000, hour: 3_000_000 };

const WEIGHTS = Float64Array.from({ length: HOURS }, (_, age) => Math.exp(-age / MEMORY_HOURS));
const WEIGHT_SUM = WEIGHTS.reduce((sum, weight) => sum + weight, 0);
const TIME_OF_DAY = Float64Array.from({ length: 24 }, (_, hour) => 1 + 0.6 * Math.cos((2 * Math.PI * hour) / 24));

/**
 * Weighted mean of a video's hourly views up to `hour`.
 * @param video number of the video, from 1; low numbers are the well-known ones
 * @param hour whole hours since 1970
 */
export function hourlyViews(video: number, hour: number): number {
  const average = MAX_VIEWS / video ** 0.8;
  const peak = Math.floor(draw(video, FIELD.peak) * 24);
  let sum = 0;
  for (let age = 0; age < HOURS; age++) {
    const then = hour - age;
    const isBurst = draw(video, FIELD.burst + Math.floor(then / BURST_HOURS)) < BURST_CHANCE;
    const views =
      (TIME_OF_DAY[(then + peak) % 24] ?? 1) * (isBurst ? BURST_FACTOR : 1) * draw(video, FIELD.hour + then);
    sum += (WEIGHTS[age] ?? 0) * views;
  }
  return (average * sum) / WEIGHT_SUM;
}
