/** How long replicas that become ready wait until they answer their first request. Times are by this process's clock. */
import type { Outcome } from '../../../tools/load-generator/measure/tally.ts';
import type { Pod } from '../../lab/support/pods.ts';

interface Replica {
  /** When the API server reported it ready; undefined before that. */
  readyMs?: number;
  /** When the first request that it answered was sent. */
  askedMs?: number;
}

export class FirstRequests {
  /** Every replica that came, by its uid. */
  readonly #replicas = new Map<string, Replica>();
  /** The newest replica of each name. */
  readonly #named = new Map<string, Replica>();
  readonly #known: ReadonlySet<string>;

  /** `before`: pods that existed at the start. They are not measured. */
  constructor(before: readonly Pod[]) {
    this.#known = new Set(before.map(({ uid }) => uid));
  }

  /** From readiness until its first request is sent, ms, for each replica that got one. */
  get waits(): readonly number[] {
    return [...this.#replicas.values()].flatMap(({ readyMs, askedMs }) =>
      readyMs === undefined || askedMs === undefined ? [] : [Math.max(0, askedMs - readyMs)],
    );
  }

  seen({ name, uid, ready }: Pod): void {
    if (this.#known.has(uid)) return;
    const replica: Replica = this.#replicas.get(uid) ?? {};
    this.#replicas.set(uid, replica);
    this.#named.set(name, replica);
    if (ready) replica.readyMs ??= performance.now();
  }

  /** An answer with the name of a replica that is not ready yet comes from its predecessor. */
  answered(outcome: Outcome, sentMs: number): void {
    if (outcome.kind !== 'answered' || outcome.replica === undefined) return;
    const replica = this.#named.get(outcome.replica);
    if (replica?.readyMs !== undefined) replica.askedMs = Math.min(replica.askedMs ?? Infinity, sentMs);
  }
}
