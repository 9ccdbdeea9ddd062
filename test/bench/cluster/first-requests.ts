/** How long replicas that become ready wait until they answer their first request. Times are this process's own. */
import type { Outcome } from '../../../apps/load-generator/measure/tally.ts';
import type { Pod } from './scene.ts';

interface Replica {
  readonly uid: string;
  /** When the API server told of its readiness; undefined before that. */
  readyMs?: number;
  waitMs?: number;
}

export class FirstRequests {
  /** The newest replica of each name. */
  readonly #replicas = new Map<string, Replica>();
  readonly #waits: number[] = [];
  readonly #known: ReadonlySet<string>;

  /** `before`: pods that were there from the start, and of which nothing is to be learnt. */
  constructor(before: readonly Pod[]) {
    this.#known = new Set(before.map(({ uid }) => uid));
  }

  /** From readiness to the first answer, ms, in the order of the answers. */
  get waits(): readonly number[] {
    return this.#waits;
  }

  seen({ name, uid, ready }: Pod): void {
    if (this.#known.has(uid)) return;
    const replica = this.#replicas.get(name);
    const current = replica?.uid === uid ? replica : { uid };
    if (current !== replica) this.#replicas.set(name, current);
    if (ready) current.readyMs ??= performance.now();
  }

  /** Counts for a replica that is known as ready: what one answers that was ready under its name before does not. */
  answered(outcome: Outcome): void {
    if (outcome.kind !== 'answered' || outcome.replica === undefined) return;
    const replica = this.#replicas.get(outcome.replica);
    if (!replica || replica.waitMs !== undefined || replica.readyMs === undefined) return;
    replica.waitMs = performance.now() - replica.readyMs;
    this.#waits.push(replica.waitMs);
  }
}
