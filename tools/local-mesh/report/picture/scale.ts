/** Scales: positions of values, and ticks. */

export interface Scale {
  readonly ticks: readonly number[];
  /** Position of a value. Values outside of the range are at its edge. */
  at(value: number): number;
}

/** Logarithmic, over the 1-2-5 steps that enclose `low` to `high` (both above 0), at positions `from` to `to`. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const steps: number[] = [];
  // Starts one power lower than needed, because the logarithm of a value just below a power of ten rounds up to it.
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power++) {
    steps.push(10 ** power, 2 * 10 ** power, 5 * 10 ** power);
  }
  const first = steps.findLastIndex((step) => step <= low);
  const last = Math.max(
    first + 1,
    steps.findIndex((step) => step >= high),
  );
  const ticks = steps.slice(first, last + 1);
  const bottom = Math.log(ticks[0] ?? low);
  const top = Math.log(ticks.at(-1) ?? high);
  return { ticks, at: (value) => place((Math.log(Math.max(value, 1e-9)) - bottom) / (top - bottom), from, to) };
}

export function linearScale(low: number, high: number, from: number, to: number, ticks: readonly number[]): Scale {
  return { ticks, at: (value) => place((value - low) / (high - low), from, to) };
}

/** Time axis from 0 to `endMs`, with at most about ten ticks at round numbers of seconds or minutes. */
export function timeScale(endMs: number, from: number, to: number): Scale {
  const step = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800].find((s) => endMs / 1000 / s <= 11) ?? 3600;
  const ticks = Array.from({ length: Math.floor(endMs / 1000 / step) + 1 }, (_, index) => index * step * 1000);
  return linearScale(0, Math.max(1, endMs), from, to, ticks);
}

function place(fraction: number, from: number, to: number): number {
  return from + Math.min(1, Math.max(0, fraction)) * (to - from);
}
