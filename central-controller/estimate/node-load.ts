/**
 * What a node is doing now, from its last windows. A neighbour that starts must show at once, noise must not: so the
 * mean is taken over the newest windows, back to the last change that noise does not explain.
 */
import type { NodeSample } from './node-memory.ts';

/** Windows that are remembered; 4 come per second. */
export const SAMPLES = 32;

/** Windows that tell how busy the node is: what the replicas use follows the weights, and moves with them. */
const BUSY_SAMPLES = 4;

/** Noise of one window is never taken for less than this part of the cores, however quiet the node was. */
const MIN_NOISE = 0.02;

/** Nor for less than this part of the background: what a neighbour takes is never quite even. */
const MIN_RELATIVE_NOISE = 0.2;

/** Standard errors between the means before and after that make a change. */
const CHANGE_DEVIATIONS = 3.5;

export interface NodeLoad {
  readonly cores: number;
  readonly busyCores: number;
  readonly backgroundCores: number;
  readonly stealCores: number;
}

export function currentLoad(samples: readonly NodeSample[]): NodeLoad {
  const newest = samples.at(-1);
  if (!newest) return { cores: 0, busyCores: 0, backgroundCores: 0, stealCores: 0 };
  const current = samples.slice(lastChange(samples, Math.max(MIN_NOISE * newest.cores, usualNoise(samples))));
  const seconds = current.reduce((sum, sample) => sum + sample.seconds, 0);
  const mean = (figure: (sample: NodeSample) => number): number =>
    current.reduce((sum, sample) => sum + figure(sample) * sample.seconds, 0) / seconds;
  return {
    cores: newest.cores,
    busyCores: meanBusy(samples.slice(-BUSY_SAMPLES)),
    backgroundCores: Math.max(
      0,
      mean((sample) => sample.backgroundCores),
    ),
    stealCores: mean((sample) => sample.stealCores),
  };
}

function meanBusy(samples: readonly NodeSample[]): number {
  const seconds = samples.reduce((sum, sample) => sum + sample.seconds, 0);
  return samples.reduce((sum, sample) => sum + sample.busyCores * sample.seconds, 0) / seconds;
}

/**
 * Index of the first window that is wholly after the last change of the background. The most significant split of the windows is
 * found first, then the most significant one in what follows it, until none is left (binary segmentation: Scott and
 * Knott 1974).
 */
function lastChange(samples: readonly NodeSample[], deviation: number): number {
  let from = 0;
  for (;;) {
    const split = clearestSplit(samples, from, deviation);
    // The window in which the change fell holds some of both, unless it is all there is.
    if (split === undefined) return from > 0 && from < samples.length - 1 ? from + 1 : from;
    from = split;
  }
}

function clearestSplit(samples: readonly NodeSample[], from: number, deviation: number): number | undefined {
  const size = samples.length - from;
  let after = 0;
  for (let index = from; index < samples.length; index++) after += samples[index]?.backgroundCores ?? 0;
  let before = 0;
  let clearest = CHANGE_DEVIATIONS;
  let split: number | undefined;
  for (let count = 1; count < size; count++) {
    const value = samples[from + count - 1]?.backgroundCores ?? 0;
    before += value;
    after -= value;
    const meanBefore = before / count;
    const meanAfter = after / (size - count);
    const noise = Math.max(deviation, MIN_RELATIVE_NOISE * Math.max(meanBefore, meanAfter));
    const errors = Math.abs(meanAfter - meanBefore) / (noise * Math.sqrt(1 / count + 1 / (size - count)));
    if (errors > clearest) {
      clearest = errors;
      split = from + count;
    }
  }
  return split;
}

/**
 * Standard deviation of one window's background, from the median step between neighbouring windows: a few real changes
 * among them do not move it. For normal noise the median absolute step is 0.954 standard deviations.
 */
function usualNoise(samples: readonly NodeSample[]): number {
  const steps = samples
    .slice(1)
    .map((sample, index) => Math.abs(sample.backgroundCores - (samples[index]?.backgroundCores ?? 0)))
    .toSorted((a, b) => a - b);
  return steps.length < 4 ? 0 : (steps[Math.floor(steps.length / 2)] ?? 0) / 0.954;
}
