/** Finds the rate at which the nodes are as busy as they shall be. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../../load-generator/load.ts';
import type { CpuCounter } from './cpu-recorder.ts';

/** The replicas' code gets faster as it is compiled: the first requests say nothing of the later ones' cost. */
const WARM_SECONDS = 8;
/** Requests per second and core of the nodes while warming up. */
const WARM_RATE = 140;
const SETTLE_SECONDS = 2;
const MEASURE_SECONDS = 4;

export interface Calibration {
  readonly nodes: readonly CpuCounter[];
  /** Mean utilisation of the nodes to aim at. */
  readonly target: number;
  startLoad(rate: number): Load;
  /** Enforces the nodes' CPU, or lifts it. */
  limit(enforced: boolean): void;
}

/** Requests per second at which the nodes' mean utilisation is `target`, and what a request costs in core-seconds. */
export async function calibrate(calibration: Calibration): Promise<{ rate: number; cost: number }> {
  const { nodes, target, limit } = calibration;
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0);
  limit(false);
  const warm = await costAt(calibration, cores * WARM_RATE, WARM_SECONDS);
  limit(true);
  const cost = await costAt(calibration, (cores * target) / warm, SETTLE_SECONDS);
  return { rate: (cores * target) / cost, cost };
}

/** CPU of the nodes per request, idle work included, under load at `rate`, after `settleSeconds` of it. */
async function costAt({ nodes, startLoad }: Calibration, rate: number, settleSeconds: number): Promise<number> {
  const used = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0);
  const load = startLoad(rate);
  await sleep(settleSeconds * 1000);
  const before = { used: used(), at: performance.now() };
  await sleep(MEASURE_SECONDS * 1000);
  const seconds = (performance.now() - before.at) / 1000;
  const cost = (used() - before.used) / seconds / rate;
  await load.stop();
  return cost;
}
