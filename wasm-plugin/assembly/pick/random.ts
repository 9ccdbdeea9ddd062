/** xorshift64* (Marsaglia 2003; Vigna 2016): fast, and random enough to draw replicas. */

const DEFAULT_SEED: u64 = 0x9e3779b97f4a7c15;
let state: u64 = DEFAULT_SEED;

export function seedRandom(seed: u64): void {
  // A state of 0 would stay 0.
  state = seed == 0 ? DEFAULT_SEED : seed;
}

/** Uniform in [0, 1). */
export function uniform(): f64 {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return <f64>((state * 0x2545f4914f6cdd1d) >> 11) / 9007199254740992.0;
}
