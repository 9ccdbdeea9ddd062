/**
 * The last decisions, so that one can ask why a weight was what it was. Every tick of the last seconds and one tick a
 * second before that; fewer where the cluster is large, so that the memory it takes does not grow with it.
 */
import type { Decision } from '../../contract/decision.ts';

/** Ten minutes. */
const KEPT_MS = 600_000;

/** Every tick is kept for so long. */
const ALL_MS = 15_000;

/** Replicas' decisions that are held at most, about 300 bytes each. */
const MAX_REPLICAS = 60_000;

export class DecisionHistory {
  readonly #mostReplicas: number;
  /** Oldest first. */
  #decisions: Decision[] = [];
  #replicas = 0;
  #thinnedAt = -Infinity;

  constructor(mostReplicas = MAX_REPLICAS) {
    this.#mostReplicas = mostReplicas;
  }

  /** Oldest first. */
  get decisions(): readonly Decision[] {
    return this.#decisions;
  }

  /** The number of the next decision. */
  get nextTick(): number {
    return (this.#decisions.at(-1)?.tick ?? -1) + 1;
  }

  /** Takes the next decision in; the newest one is kept whatever its size. */
  add(decision: Decision): void {
    this.#decisions.push(decision);
    this.#replicas += replicasOf(decision);
    if (decision.at - this.#thinnedAt >= 1_000) this.#thin(decision.at);
    let gone = 0;
    while (this.#replicas > this.#mostReplicas && gone < this.#decisions.length - 1) {
      this.#replicas -= replicasOf(this.#decisions[gone]);
      gone += 1;
    }
    if (gone > 0) this.#decisions.splice(0, gone);
  }

  /** The decision of a tick, or the one kept before it; undefined when that is too long ago, or still to come. */
  at(tick: number): Decision | undefined {
    const newest = this.#decisions.at(-1);
    if (newest === undefined || tick > newest.tick) return undefined;
    return this.#decisions.findLast((decision) => decision.tick <= tick);
  }

  #thin(now: number): void {
    this.#thinnedAt = now;
    let second = -1;
    this.#decisions = this.#decisions.filter(({ at }) => {
      if (now - at > KEPT_MS) return false;
      if (now - at <= ALL_MS) return true;
      const isFirst = Math.floor(at / 1_000) !== second;
      second = Math.floor(at / 1_000);
      return isFirst;
    });
    this.#replicas = this.#decisions.reduce((sum, decision) => sum + replicasOf(decision), 0);
  }
}

function replicasOf(decision: Decision | undefined): number {
  return decision?.services.reduce((sum, { replicas }) => sum + replicas.length, 0) ?? 0;
}
