/**
 * What a node is doing now, from its last windows. A neighbour that starts must show at once, but noise must not. So the
 * mean is taken over the newest windows, back to the last change that noise does not explain.
 */

/** Windows that are kept; four come per second. */
const MAX_SAMPLES = 32;

/** Windows that `busyCores` is the mean of: what the replicas use follows the weights, and moves with them. */
const BUSY_SAMPLES = 4;

/** The noise of one window counts as at least this fraction of the cores, however quiet the node was. */
const MIN_NOISE = 0.02;

/** And at least this fraction of the background: neighbours are never quite even. */
const MIN_RELATIVE_NOISE = 0.2;

/** Standard errors between the means before and after that make a change. */
const CHANGE_DEVIATIONS = 3.5;

/** The median absolute step of normal noise, in standard deviations. */
const STEP_DEVIATIONS = 0.954;

export interface NodeSample {
  readonly seconds: number;
  readonly cores: number;
  readonly busyCores: number;
  readonly backgroundCores: number;
  readonly stealCores: number;
}

/** Columns of a sample. */
const SECONDS = 0;
const CORES = 1;
const BUSY = 2;
const BACKGROUND = 3;
const STEAL = 4;
const WIDTH = 5;

/** The last windows of a node, oldest first. */
export class NodeMemory {
  /** When the newest window ended, ms. */
  at: number;
  /** GHz of its cores by their data sheet; 0: not known. */
  nominalSpeed = 0;
  size = 0;
  readonly #values = new Float64Array(MAX_SAMPLES * WIDTH);

  constructor(at: number) {
    this.at = at;
  }

  add(sample: NodeSample, at: number): void {
    this.at = at;
    if (this.size === MAX_SAMPLES) this.#values.copyWithin(0, WIDTH);
    else this.size += 1;
    const row = (this.size - 1) * WIDTH;
    this.#values[row + SECONDS] = sample.seconds;
    this.#values[row + CORES] = sample.cores;
    this.#values[row + BUSY] = sample.busyCores;
    this.#values[row + BACKGROUND] = sample.backgroundCores;
    this.#values[row + STEAL] = sample.stealCores;
  }

  seconds(index: number): number {
    return this.#values[index * WIDTH + SECONDS] ?? 0;
  }

  cores(index: number): number {
    return this.#values[index * WIDTH + CORES] ?? 0;
  }

  busyCores(index: number): number {
    return this.#values[index * WIDTH + BUSY] ?? 0;
  }

  backgroundCores(index: number): number {
    return this.#values[index * WIDTH + BACKGROUND] ?? 0;
  }

  stealCores(index: number): number {
    return this.#values[index * WIDTH + STEAL] ?? 0;
  }
}

export interface NodeLoad {
  readonly cores: number;
  readonly busyCores: number;
  readonly backgroundCores: number;
  readonly stealCores: number;
}

export function currentLoad(node: NodeMemory | undefined): NodeLoad {
  if (node === undefined || node.size === 0) return { cores: 0, busyCores: 0, backgroundCores: 0, stealCores: 0 };
  const cores = node.cores(node.size - 1);
  const from = lastChange(node, Math.max(MIN_NOISE * cores, usualNoise(node)));
  let seconds = 0;
  let background = 0;
  let steal = 0;
  for (let index = from; index < node.size; index++) {
    seconds += node.seconds(index);
    background += node.backgroundCores(index) * node.seconds(index);
    steal += node.stealCores(index) * node.seconds(index);
  }
  return {
    cores,
    busyCores: meanBusy(node),
    backgroundCores: Math.max(0, background / seconds),
    stealCores: steal / seconds,
  };
}

function meanBusy(node: NodeMemory): number {
  let seconds = 0;
  let busy = 0;
  for (let index = Math.max(0, node.size - BUSY_SAMPLES); index < node.size; index++) {
    seconds += node.seconds(index);
    busy += node.busyCores(index) * node.seconds(index);
  }
  return busy / seconds;
}

/**
 * Index of the first window that lies wholly after the last change of the background. The most significant split of the
 * windows is found first, then the most significant one in what follows it, until none is left (binary segmentation:
 * Scott and Knott 1974).
 */
function lastChange(node: NodeMemory, deviation: number): number {
  let from = 0;
  for (;;) {
    const split = clearestSplit(node, from, deviation);
    // The window in which the change fell contains both sides. It is left out when there is another.
    if (split === undefined) return from > 0 && from < node.size - 1 ? from + 1 : from;
    from = split;
  }
}

function clearestSplit(node: NodeMemory, from: number, deviation: number): number | undefined {
  const size = node.size - from;
  let after = 0;
  for (let index = from; index < node.size; index++) after += node.backgroundCores(index);
  let before = 0;
  let clearest = CHANGE_DEVIATIONS;
  let split: number | undefined;
  for (let count = 1; count < size; count++) {
    const value = node.backgroundCores(from + count - 1);
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

const steps = new Float64Array(MAX_SAMPLES - 1);

/**
 * Standard deviation of one window's background, from the median step between neighbouring windows: a few real changes
 * among them do not move it.
 */
function usualNoise(node: NodeMemory): number {
  const count = node.size - 1;
  if (count < 4) return 0;
  for (let index = 0; index < count; index++) {
    steps[index] = Math.abs(node.backgroundCores(index + 1) - node.backgroundCores(index));
  }
  const sorted = steps.subarray(0, count).toSorted();
  return (sorted[Math.floor(count / 2)] ?? 0) / STEP_DEVIATIONS;
}
