/**
 * Recent decisions, to see why a weight was what it was: every tick of the last seconds, and one tick a second of ten
 * minutes. In a large cluster the older ones lie further apart, so that the memory stays within a bound.
 */
import type { Decision } from '../../contract/decision.ts';
import { PackedDecision } from './packed-decision.ts';

const KEPT_MS = 600_000;

/** Every tick is kept for this long, unless that takes more than half of the memory. */
const ALL_MS = 15_000;

/** Time between older ones, unless the memory asks for more. */
const STEP_MS = 1_000;

const MAX_BYTES = 24 * 1024 * 1024;

/** How often older ones are thinned out. */
const THIN_MS = 1_000;

export type DecisionSummary = Pick<Decision, 'tick' | 'at' | 'optimalityGap' | 'changed'>;

export class DecisionHistory {
  readonly #maxBytes: number;
  /** Oldest first, without the newest. */
  #packed: PackedDecision[] = [];
  #newest: Decision | undefined;
  #thinnedAt = -Infinity;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Oldest first. */
  get decisions(): readonly DecisionSummary[] {
    return this.#newest ? [...this.#packed, this.#newest] : this.#packed;
  }

  /** The number of the next decision. */
  get nextTick(): number {
    return (this.#newest?.tick ?? -1) + 1;
  }

  /** Memory of all but the newest. */
  get bytes(): number {
    return this.#packed.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The newest decision is kept as it is, whatever its size. */
  add(decision: Decision): void {
    if (this.#newest) this.#packed.push(new PackedDecision(this.#newest, this.#packed.at(-1)));
    this.#newest = decision;
    if (decision.at - this.#thinnedAt >= THIN_MS) this.#thin(decision.at);
    let excess = this.bytes - this.#maxBytes;
    while (excess > 0) excess -= this.#packed.shift()?.bytes ?? excess;
  }

  /** The decision of a tick, or the last one kept before it; undefined: it is too long ago, or still to come. */
  at(tick: number): Decision | undefined {
    if (this.#newest === undefined || tick > this.#newest.tick) return undefined;
    if (tick === this.#newest.tick) return this.#newest;
    return this.#packed.findLast((decision) => decision.tick <= tick)?.unpack();
  }

  #thin(now: number): void {
    this.#thinnedAt = now;
    const { allMs, stepMs } = this.#spacing();
    let step = -1;
    this.#packed = this.#packed.filter(({ at }) => {
      if (now - at > KEPT_MS) return false;
      if (now - at <= allMs) return true;
      const isFirst = Math.floor(at / stepMs) !== step;
      step = Math.floor(at / stepMs);
      return isFirst;
    });
  }

  /** How decisions like the last ones fit into the memory. */
  #spacing(): { readonly allMs: number; readonly stepMs: number } {
    const [before, last] = this.#packed.slice(-2);
    if (!before || !last) return { allMs: ALL_MS, stepMs: STEP_MS };
    const room = Math.max(2, Math.floor(this.#maxBytes / last.bytes));
    const intervalMs = Math.max(1, last.at - before.at);
    const allMs = Math.min(ALL_MS, (room / 2) * intervalMs);
    // Until they are thinned again, some more ticks come, and a step begins.
    const older = Math.max(1, room - (allMs + THIN_MS) / intervalMs - 2);
    return { allMs, stepMs: Math.max(STEP_MS, (KEPT_MS - allMs) / older) };
  }
}
