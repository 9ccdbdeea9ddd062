/** Who used the machine's CPU during a run, and whether that puts the result in doubt. Pure. */
import type { CpuCounter, CpuStep } from './cpu-recorder.ts';

/** Means over the run, in cores. */
export interface MachineUse {
  readonly cores: number;
  readonly busyCores: number;
  /** Replicas, sidecars and neighbour. */
  readonly nodesCores: number;
  /** Gateway, controller, agents, load. */
  readonly edgeCores: number;
  /** Processes outside of the demo. */
  readonly othersCores: number;
}

/**
 * Minimum fraction of the machine that must be idle. With less, processes wait for the machine's cores, not their
 * node's.
 */
const SPARE_FRACTION = 0.08;
/** Maximum fraction of the machine that processes outside of the demo may use without changing the result. */
const OTHERS_FRACTION = 0.05;

export interface MachineCounters {
  readonly nodes: readonly CpuCounter[];
  readonly edge: readonly CpuCounter[];
  readonly host: CpuCounter;
}

/** Order in which `machineUse` expects the utilisations of a step. */
export function inOrder({ nodes, edge, host }: MachineCounters): CpuCounter[] {
  return [...nodes, ...edge, host];
}

/** `steps` hold the counters in the order of `inOrder`. */
export function machineUse(counters: MachineCounters, steps: readonly CpuStep[]): MachineUse {
  const order = inOrder(counters);
  const means = order.map(({ cores }, index) => {
    return (steps.reduce((sum, { utilisation }) => sum + (utilisation[index] ?? 0), 0) / steps.length) * cores;
  });
  const sum = (from: number, to: number): number => means.slice(from, to).reduce((total, mean) => total + mean, 0);
  const nodesCores = sum(0, counters.nodes.length);
  const edgeCores = sum(counters.nodes.length, order.length - 1);
  const busyCores = sum(order.length - 1, order.length);
  const othersCores = Math.max(0, busyCores - nodesCores - edgeCores);
  return { cores: counters.host.cores, busyCores, nodesCores, edgeCores, othersCores };
}

/** A reason to doubt the result, for the user; undefined if there is none. */
export function doubtAbout({ cores, busyCores, othersCores }: MachineUse): string | undefined {
  if (othersCores > OTHERS_FRACTION * cores) {
    const taken = `${othersCores.toFixed(2)} of the machine's ${cores} cores`;
    return `Other processes used ${taken} during the run, which distorts the result: end them and run the demo again.`;
  }
  if (busyCores > (1 - SPARE_FRACTION) * cores) {
    return `The machine was ${Math.round((busyCores / cores) * 100)} % busy, which distorts the result: try a lower --rate.`;
  }
  return undefined;
}
