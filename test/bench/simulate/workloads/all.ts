import { burstyLognormal, burstyPareto } from './bursts.ts';
import { capacityStep } from './capacity-step.ts';
import { failingFast } from './failing-fast.ts';
import { hiddenWait } from './hidden-wait.ts';
import { lowRate } from './low-rate.ts';
import { noisyNeighbour } from './noisy-neighbour.ts';
import { sharedFleets } from './shared-fleet.ts';
import { slowReplicas } from './slow-replicas.ts';
import { threeServices } from './three-services.ts';
import type { Workload } from './workload.ts';

export const workloads: readonly Workload[] = [
  ...sharedFleets,
  noisyNeighbour,
  slowReplicas,
  lowRate,
  capacityStep,
  burstyLognormal,
  burstyPareto,
  hiddenWait,
  failingFast,
  threeServices,
];
