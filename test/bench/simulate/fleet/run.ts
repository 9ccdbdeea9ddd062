import type { Workload } from '../workloads/workload.ts';
import { startArrivals } from './arrivals.ts';
import { SimulatedFleet, TIMEOUT_SECONDS } from './fleet.ts';
import type { Balancer, Policy, RunningPolicy } from './ports.ts';
import { EventQueue } from './timeline.ts';

/** Requests of the first seconds are not counted, while policies learn. */
const WARM_UP_SECONDS = 30;

export interface RunResult {
  /** Of the requests counted, ascending, seconds; a failed request took as long as a timeout. */
  readonly latencies: Float64Array;
  readonly failures: number;
}

/** One workload under one policy at one seed. The same arguments give the same run. */
export async function run(workload: Workload, policy: Policy, seed: number): Promise<RunResult> {
  const timeline = new EventQueue();
  const fleet = new SimulatedFleet(timeline, workload, seed);
  const running = await policy.start(fleet);
  const end = WARM_UP_SECONDS + workload.seconds;
  const latencies: number[] = [];
  let failures = 0;
  let requests = 0;

  workload.services.forEach((service, serviceIndex) => {
    const balancers = attach(fleet, running, serviceIndex);
    const works = fleet.random(`work of ${service.name}`);
    const callers = fleet.random(`callers of ${service.name}`);
    const arrivals = fleet.random(`arrivals at ${service.name}`);
    startArrivals(timeline, arrivals, service.arrivals, end, () => {
      const request = { id: requests++, work: service.work.draw(works), luck: works() };
      const balancer = balancers[Math.floor(callers() * balancers.length)];
      if (balancer === undefined) return;
      const isCounted = timeline.now >= WARM_UP_SECONDS;
      const replica = balancer.pick(request.id);
      fleet.send(serviceIndex, replica, request, (answer) => {
        balancer.answered(request.id, replica, answer);
        if (!isCounted) return;
        if (answer.failed) failures++;
        latencies.push(answer.failed ? TIMEOUT_SECONDS : answer.latency);
      });
    });
  });

  timeline.runUntil(end + 2 * TIMEOUT_SECONDS);
  running.stop?.();
  return { latencies: Float64Array.from(latencies).toSorted(), failures };
}

function attach(fleet: SimulatedFleet, running: RunningPolicy, service: number): Balancer[] {
  const shape = fleet.services[service];
  if (shape === undefined) return [];
  if (running.replicaSide !== undefined) {
    shape.replicas.forEach((_, replica) => {
      fleet.replica(service, replica).side = running.replicaSide?.(service, replica);
    });
  }
  return Array.from({ length: shape.callers }, (_, caller) => running.balancer(service, caller));
}
