import type { Arrivals } from '../workloads/workload.ts';
import type { Random, Timeline } from './ports.ts';
import { exponential } from './random.ts';

/** Calls `arrive` when requests come, from now until `end` of virtual time: an open loop, independent of the responses. */
export function startArrivals(
  timeline: Timeline,
  random: Random,
  arrivals: Arrivals,
  end: number,
  arrive: () => void,
): void {
  const { bursts } = arrivals;
  let isBursting = false;
  let regimes = 0;

  // Exponential times have no memory, so the next arrival is drawn again after each switch.
  const calmRate =
    bursts === undefined
      ? arrivals.requestsPerSecond
      : (arrivals.requestsPerSecond * (bursts.seconds + bursts.calmSeconds)) /
        (bursts.factor * bursts.seconds + bursts.calmSeconds);

  const next = (regime: number): void => {
    const rate = isBursting ? calmRate * (bursts?.factor ?? 1) : calmRate;
    timeline.after(exponential(1 / rate).draw(random), () => {
      if (regime !== regimes || timeline.now >= end) return;
      arrive();
      next(regime);
    });
  };
  const switchRegime = (): void => {
    if (bursts === undefined || timeline.now >= end) return;
    timeline.after(exponential(isBursting ? bursts.seconds : bursts.calmSeconds).draw(random), () => {
      isBursting = !isBursting;
      next(++regimes);
      switchRegime();
    });
  };
  next(regimes);
  switchRegime();
}
