/**
 * What a node is doing now, from its last windows. A neighbour that starts shows within one window, noise must not: so
 * the mean is taken over the newest windows back to the last change, where a change is a step beyond the noise.
 */
import type { NodeSample } from './estimates.ts';

/** Windows that are remembered; 4 come per second. */
export const SAMPLES = 16;

/** A step of less than this part of the cores is noise, however quiet the node was. */
const LEAST_STEP = 0.08;

/** Standard deviations of the noise that make a step. */
const STEP_DEVIATIONS = 3;

export interface NodeLoad {
  readonly cores: number;
  readonly busyCores: number;
  readonly backgroundCores: number;
  readonly stealCores: number;
}

export function currentLoad(samples: readonly NodeSample[]): NodeLoad {
  const newest = samples.at(-1);
  if (!newest) return { cores: 0, busyCores: 0, backgroundCores: 0, stealCores: 0 };
  const step = Math.max(LEAST_STEP * newest.cores, STEP_DEVIATIONS * noise(samples));
  let seconds = 0;
  let busy = 0;
  let background = 0;
  let steal = 0;
  for (const sample of samples.toReversed()) {
    if (seconds > 0 && Math.abs(sample.backgroundCores - background / seconds) > step) break;
    seconds += sample.seconds;
    busy += sample.busyCores * sample.seconds;
    background += sample.backgroundCores * sample.seconds;
    steal += sample.stealCores * sample.seconds;
  }
  return {
    cores: newest.cores,
    busyCores: busy / seconds,
    backgroundCores: Math.max(0, background / seconds),
    stealCores: steal / seconds,
  };
}

/**
 * Standard deviation of one window's background, from the median step between neighbouring windows: a few real changes
 * among them do not move it. For normal noise the median absolute step is 0.954 standard deviations.
 */
function noise(samples: readonly NodeSample[]): number {
  const steps = samples
    .slice(1)
    .map((sample, index) => Math.abs(sample.backgroundCores - (samples[index]?.backgroundCores ?? 0)))
    .toSorted((a, b) => a - b);
  return steps.length < 4 ? 0 : (steps[Math.floor(steps.length / 2)] ?? 0) / 0.954;
}
