/**
 * Random numbers by seed and purpose, and the distributions that the workloads draw from. Each purpose has a stream
 * of its own, so that every policy meets the same arrivals, works and antagonists at the same seed.
 */
import type { Random } from './ports.ts';

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return state >>> 0;
}

/** sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded by text. */
export function randomStream(seed: number, purpose: string): Random {
  let a = hash(`${seed}/${purpose}`);
  let b = hash(`${purpose}/${seed}`);
  let c = seed >>> 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 15; round++) next();
  return next;
}

export interface Distribution {
  readonly mean: number;
  /** One value. Always consumes the same number of random numbers. */
  readonly draw: (random: Random) => number;
}

export function constant(value: number): Distribution {
  return { mean: value, draw: () => value };
}

export function exponential(mean: number): Distribution {
  return { mean, draw: (random) => -mean * Math.log(1 - random()) };
}

/** By its mean and the standard deviation of its logarithm. */
export function lognormal(mean: number, sigma: number): Distribution {
  const location = Math.log(mean) - (sigma * sigma) / 2;
  const draw = (random: Random): number => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.exp(location + sigma * normal);
  };
  return { mean, draw };
}

/** Pareto from `least` upward by its tail index `shape` > 1; larger values count as `most`. */
export function pareto(least: number, shape: number, most: number): Distribution {
  const mean = (shape * least - least ** shape * most ** (1 - shape)) / (shape - 1);
  return { mean, draw: (random) => Math.min(most, least * (1 - random()) ** (-1 / shape)) };
}
