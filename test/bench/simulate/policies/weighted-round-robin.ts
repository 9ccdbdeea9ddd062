import type { Policy } from '../fleet/ports.ts';
import { perCaller } from './per-caller.ts';
import { ReportedWeights } from './reported-weights.ts';
import { anyOf } from './sampling.ts';
import { StrideSchedule } from './stride-schedule.ts';

/** How often weights are computed anew, seconds; the default of gRFC A58 and of Envoy. */
const UPDATE_PERIOD = 1;

/**
 * Client-side weighted round robin: gRFC A58, in Envoy `client_side_weighted_round_robin`. Each caller computes weights
 * from the load reports (ORCA) that come with its own responses. Everything by default: blackout 10 s, expiration
 * 180 s, update every second, error penalty 1.0 (the gRFC's; Envoy's code takes 0 where none is set). Unlike Envoy's,
 * weights are not cut to whole numbers, which would harm slow services, and the schedule is gRPC's, which goes on
 * where it was when weights change; Envoy builds its queue of deadlines anew, which is less even.
 */
export const weightedRoundRobin: Policy = perCaller('weighted round robin (A58)', ({ fleet, replicas, random }) => {
  const { timeline } = fleet;
  const weights = new ReportedWeights(replicas);
  let place = anyOf(random, replicas);
  let schedule: StrideSchedule | undefined;

  const update = (): void => {
    const usable = weights.usable(timeline.now);
    schedule = usable && new StrideSchedule(usable);
    timeline.after(UPDATE_PERIOD, update);
  };
  // Callers did not all start at the same instant.
  timeline.after(UPDATE_PERIOD * random(), update);

  return {
    pick: () => {
      const taken = schedule?.next(place) ?? place;
      place = taken + 1;
      return taken % replicas;
    },
    answered: (_request, replica, { report }) => {
      if (report !== undefined) weights.learn(replica, report, timeline.now);
    },
  };
});
