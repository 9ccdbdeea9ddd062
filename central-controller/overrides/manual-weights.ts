/** Weights set by hand. They end when they expire, and when this controller stops leading. */
import { qualifiedName } from '../../contract/names.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import type { ManualWeight } from '../decide/settings.ts';

export class ManualWeights {
  readonly #weights = new Map<string, ManualWeight>();

  /** Those in force, oldest first. */
  list(now: number): readonly ManualWeight[] {
    for (const [key, { expiresAt }] of this.#weights) if (expiresAt <= now) this.#weights.delete(key);
    return [...this.#weights.values()];
  }

  /** Sets or replaces one. Refuses a weight with which the service's weights by hand would exceed 1. */
  set(weight: ManualWeight, now: number): Result<undefined> {
    const others = this.list(now).filter(
      (other) =>
        other.namespace === weight.namespace && other.service === weight.service && other.replica !== weight.replica,
    );
    const rest = 1 - others.reduce((sum, other) => sum + other.weight, 0);
    if (weight.weight > rest + 1e-9) {
      const names = others.map((other) => other.replica).join(', ');
      return failure(
        'INVALID_REQUEST',
        `weight: at most ${rest.toFixed(3)} is left beside the weights by hand of ${names}`,
      );
    }
    this.#weights.set(keyOf(weight), weight);
    return success(undefined);
  }

  clear(): void {
    this.#weights.clear();
  }

  /** Returns whether there was one. */
  delete(weight: Pick<ManualWeight, 'namespace' | 'service' | 'replica'>): boolean {
    return this.#weights.delete(keyOf(weight));
  }
}

function keyOf({ namespace, service, replica }: Pick<ManualWeight, 'namespace' | 'service' | 'replica'>): string {
  return `${qualifiedName({ namespace, name: service })}/${replica}`;
}
