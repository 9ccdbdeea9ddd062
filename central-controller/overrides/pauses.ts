/** What is paused by hand: soft state, gone when it expires, is resumed, or the controller restarts or gives way to another. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision } from '../../contract/decision.ts';
import type { Pause } from '../decide/pause.ts';

export interface PauseRequest {
  /** `<namespace>/<service>`; absent: all services. */
  readonly service?: string;
  /** Controller's clock, ms. */
  readonly expiresAt?: number;
  readonly reason?: string;
}

export class Pauses {
  /** By service; '' for all of them. */
  readonly #pauses = new Map<string, Pause>();

  /** Those that have not expired, oldest first. */
  list(now: number): readonly Pause[] {
    for (const [key, { expiresAt = Infinity }] of this.#pauses) if (expiresAt <= now) this.#pauses.delete(key);
    return [...this.#pauses.values()];
  }

  /** Holds the weights of the decision in force. Asked again, it only takes the new time and reason. */
  set(request: PauseRequest, decision: Decision | undefined, now: number): Pause {
    const key = request.service ?? '';
    const before = this.list(now).find(({ service = '' }) => service === key);
    const pause = { since: before?.since ?? now, ...request, held: before?.held ?? heldWeights(decision, key) };
    this.#pauses.set(key, pause);
    return pause;
  }

  clear(): void {
    this.#pauses.clear();
  }

  /** Was there one to end? */
  delete(service: string | undefined): boolean {
    return this.#pauses.delete(service ?? '');
  }
}

/** Weights of one service, or of all. */
function heldWeights(decision: Decision | undefined, key: string): Pause['held'] {
  const held = new Map<string, ReadonlyMap<string, number>>();
  for (const { namespace, name, replicas } of decision?.services ?? []) {
    const service = qualifiedName({ namespace, name });
    if (key !== '' && key !== service) continue;
    // Whoever was not ready had no weight that could be held.
    const ready = replicas.filter(({ state }) => state !== 'NotReady');
    held.set(service, new Map(ready.map((replica) => [replica.name, replica.weight])));
  }
  return held;
}
