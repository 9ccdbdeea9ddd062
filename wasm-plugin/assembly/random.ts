/** xorshift64* (Marsaglia 2003; Vigna 2016): fast, and good enough to draw replicas by. */

let state: u64 = 0x9e3779b97f4a7c15;

export function seedRandom(seed: u64): void {
  state = seed == 0 ? 0x9e3779b97f4a7c15 : seed;
}

/** Uniform in [0, 1). */
export function uniform(): f64 {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return <f64>((state * 0x2545f4914f6cdd1d) >> 11) / 9007199254740992.0;
}
