/** Finds the rate that keeps the nodes at a target utilisation. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../../load-generator/load.ts';
import type { CpuCounter } from './cpu-recorder.ts';

/** Requests per second and core: the rate of the first measurement, and the maximum during the warm-up. */
const FIRST_RATE = 5;
const WARM_RATE = 140;
/** The warm-up raises the rate while the measured cost allows at least this many times more. */
const RAISE = 1.5;

/** Minimum fraction of the requests that count as finished. Without it, a stuck mesh would give an infinite cost. */
const MIN_DONE = 0.1;

interface Stretch {
  /** Time before the measurement. */
  readonly settleSeconds: number;
  readonly measureSeconds: number;
}

const LOOK: Stretch = { settleSeconds: 1, measureSeconds: 2 };
/** Long, because the replicas' code gets faster while it is compiled: the first requests cost more than later ones. */
const WARM: Stretch = { settleSeconds: 8, measureSeconds: 4 };
const MEASURE: Stretch = { settleSeconds: 2, measureSeconds: 4 };

export interface Calibration {
  readonly nodes: readonly CpuCounter[];
  /** Mean utilisation of the nodes to aim at. */
  readonly target: number;
  startLoad(rate: number): Load;
  /** Enforces the nodes' CPU limits, or lifts them. */
  limit(enforced: boolean): void;
}

/** Requests per second at which the nodes' mean utilisation is `target`, and the cost of a request in core-seconds. */
export async function calibrate(calibration: Calibration): Promise<{ rate: number; cost: number }> {
  const { nodes, target, limit } = calibration;
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0);
  limit(false);
  const warm = await costAt(calibration, cores * (await warmRate(calibration, cores)), WARM);
  limit(true);
  const cost = await costAt(calibration, (cores * target) / warm, MEASURE);
  return { rate: (cores * target) / cost, cost };
}

/** Estimate, with cold replicas, of the requests per second and core that the nodes can serve. */
async function warmRate(calibration: Calibration, cores: number): Promise<number> {
  const idle = await usedCores(calibration.nodes, LOOK.measureSeconds);
  let rate = FIRST_RATE;
  for (;;) {
    const own = (await costAt(calibration, cores * rate, LOOK)) - idle / (cores * rate);
    const next = 1 / Math.max(own, 1 / WARM_RATE);
    if (next < rate * RAISE) return next;
    rate = next;
  }
}

/** CPU of the nodes per finished request under load at `rate`, including their idle work. */
async function costAt({ nodes, startLoad }: Calibration, rate: number, stretch: Stretch): Promise<number> {
  const load = startLoad(rate);
  const left = () => load.backlog.outstanding + load.backlog.waiting;
  await sleep(stretch.settleSeconds * 1000);
  const before = left();
  const used = await usedCores(nodes, stretch.measureSeconds);
  const done = rate - (left() - before) / stretch.measureSeconds;
  await load.stop();
  return used / Math.max(done, MIN_DONE * rate);
}

/** Cores that all nodes use together over the next `seconds`. */
async function usedCores(nodes: readonly CpuCounter[], seconds: number): Promise<number> {
  const used = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0);
  const before = { used: used(), at: performance.now() };
  await sleep(seconds * 1000);
  return ((used() - before.used) * 1000) / (performance.now() - before.at);
}
