/**
 * The newest model of a folder. It looks again and again instead of being told: what another node writes to a shared
 * volume raises no event here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../../contract/result.ts';
import type { Model } from '../model/model.ts';
import type { Checkpoint } from '../model/stored-model.ts';

/** Where models come from: `ModelFolder`. */
export interface ModelSource {
  readCheckpoint(): Promise<Result<Checkpoint | undefined>>;
  readModel(checkpoint: Checkpoint): Promise<Result<Model>>;
}

export class ModelWatch {
  readonly #source: ModelSource;
  readonly #say: (text: string) => void;
  readonly #stopped = new AbortController();
  #model: Model | undefined;
  #seen = '';
  #complaint = '';

  /** `say` hears of each model that is taken, and once of each failure. */
  constructor(source: ModelSource, say: (text: string) => void) {
    this.#source = source;
    this.#say = say;
  }

  /** The last one that could be read. It stays while a newer one cannot be. */
  get model(): Model | undefined {
    return this.#model;
  }

  /** Takes the folder's model, if it is another one. Never rejects. */
  async look(): Promise<void> {
    const read = await this.#source.readCheckpoint();
    if (!read.ok) return this.#complain(read.failure.message);
    const key = JSON.stringify(read.value);
    if (!read.value || key === this.#seen) return;
    const model = await this.#source.readModel(read.value);
    if (!model.ok) return this.#complain(model.failure.message);
    this.#model = model.value;
    this.#seen = key;
    this.#complaint = '';
    this.#say(`version ${model.value.version} of ${model.value.date}: ${model.value.rules.length} rules`);
  }

  /** Looks every `intervalMs` until it is stopped. */
  async run(intervalMs: number): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.look();
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  #complain(message: string): void {
    if (message !== this.#complaint) this.#say(`the rules cannot be read: ${message}`);
    this.#complaint = message;
  }
}
