/** How long replicas that become ready wait until they answer their first request. Times are this process's own. */
import type { Outcome } from '../../../tools/load-generator/measure/tally.ts';
import type { Pod } from '../../lab/support/pods.ts';

interface Replica {
  /** When the API server told of its readiness; undefined before that. */
  readyMs?: number;
  /** When the first of the requests that it answered was sent. */
  askedMs?: number;
}

export class FirstRequests {
  /** Every replica that came, by its uid. */
  readonly #replicas = new Map<string, Replica>();
  /** The newest replica of each name. */
  readonly #named = new Map<string, Replica>();
  readonly #known: ReadonlySet<string>;

  /** `before`: pods that were there from the start, and of which nothing is to be learnt. */
  constructor(before: readonly Pod[]) {
    this.#known = new Set(before.map(({ uid }) => uid));
  }

  /** From readiness until the first request is sent that the replica gets, ms; of all replicas that got one. */
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

  /** An answer under the name of a replica that is not ready yet is one of the replica before it. */
  answered(outcome: Outcome, sentMs: number): void {
    if (outcome.kind !== 'answered' || outcome.replica === undefined) return;
    const replica = this.#named.get(outcome.replica);
    if (replica?.readyMs !== undefined) replica.askedMs = Math.min(replica.askedMs ?? Infinity, sentMs);
  }
}
