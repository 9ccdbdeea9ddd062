/** Finds the rate at which the nodes are as busy as they shall be. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../../load-generator/load.ts';
import type { CpuCounter } from './cpu-recorder.ts';

/** Rates to try, each for so long; the replicas' code gets faster while it is compiled, so the last counts. */
const WARM_SECONDS = 4;
const MEASURE_SECONDS = 4;
/** A first guess at the CPU of a request, in core-seconds: on the high side, so that nothing queues. */
const GUESS_SECONDS = 0.012;

export interface Calibration {
  readonly nodes: readonly CpuCounter[];
  /** Mean utilisation of the nodes to aim at. */
  readonly target: number;
  startLoad(rate: number): Load;
}

/** Requests per second at which the nodes' mean utilisation is `target`, and what a request costs in core-seconds. */
export async function calibrate({ nodes, target, startLoad }: Calibration): Promise<{ rate: number; cost: number }> {
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0);
  const used = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0);
  const load = startLoad((cores * target) / GUESS_SECONDS);
  await sleep(WARM_SECONDS * 1000);
  const before = { used: used(), at: performance.now() };
  await sleep(MEASURE_SECONDS * 1000);
  const busy = (used() - before.used) / ((performance.now() - before.at) / 1000);
  await load.stop();
  const cost = (busy * GUESS_SECONDS) / (cores * target);
  return { rate: (cores * target) / cost, cost };
}
