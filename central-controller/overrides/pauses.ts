/** Pauses. They end when they expire, when they are resumed, and when this controller stops leading. */
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
  /** By service; '' for all services. */
  readonly #pauses = new Map<string, Pause>();

  /** Those in force, oldest first. */
  list(now: number): readonly Pause[] {
    for (const [key, { expiresAt = Infinity }] of this.#pauses) if (expiresAt <= now) this.#pauses.delete(key);
    return [...this.#pauses.values()];
  }

  /** Holds the weights of the decision in force. A repeated request only changes the expiry and the reason. */
  set(request: PauseRequest, decision: Decision | undefined, now: number): Pause {
    const key = request.service ?? '';
    const before = this.list(now).find(({ service = '' }) => service === key);
    const pause = { since: before?.since ?? now, ...request, held: before?.held ?? weightsInForce(decision, key) };
    this.#pauses.set(key, pause);
    return pause;
  }

  clear(): void {
    this.#pauses.clear();
  }

  /** Returns whether there was one. */
  delete(service: string | undefined): boolean {
    return this.#pauses.delete(service ?? '');
  }
}

/** Weights of one service, or of all, by service and replica. */
function weightsInForce(decision: Decision | undefined, key: string): Pause['held'] {
  const held = new Map<string, ReadonlyMap<string, number>>();
  for (const { namespace, name, replicas } of decision?.services ?? []) {
    const service = qualifiedName({ namespace, name });
    if (key !== '' && key !== service) continue;
    // A replica that is not ready has no weight to hold.
    const ready = replicas.filter(({ state }) => state !== 'NotReady');
    held.set(service, new Map(ready.map((replica) => [replica.name, replica.weight])));
  }
  return held;
}
