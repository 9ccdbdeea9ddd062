/** Reproducible figures without a sequence: any field of any record can be drawn alone, in any process. */

/** Mixes two integers to 32 bits (the finalizer of MurmurHash3 by Austin Appleby, applied twice). */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  for (let round = 0; round < 2; round++) {
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Uniform in [0, 1): the same for the same record and field, always. */
export function draw(record: number, field: number): number {
  return mix(record, field) / 2 ** 32;
}

/** One of the choices, as `draw` decides. */
export function pick<T>(choices: readonly [T, ...T[]], record: number, field: number): T {
  return choices[Math.floor(draw(record, field) * choices.length)] ?? choices[0];
}
