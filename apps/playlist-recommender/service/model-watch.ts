/**
 * The newest model of a folder. It polls, because a write to a shared volume by another node raises no file system
 * event on this one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../../contract/result.ts';
import type { Model } from '../model/model.ts';
import type { Checkpoint } from '../model/stored-model.ts';

/** Port. Where models come from: `ModelFolder`. */
export interface ModelSource {
  readCheckpoint(): Promise<Result<Checkpoint | undefined>>;
  readModel(checkpoint: Checkpoint): Promise<Result<Model>>;
}

export class ModelWatch {
  readonly #source: ModelSource;
  readonly #log: (text: string) => void;
  readonly #stopped = new AbortController();
  #model: Model | undefined;
  #seen = '';
  #lastFailure = '';

  /** `log` receives each model that is loaded, and each failure once. */
  constructor(source: ModelSource, log: (text: string) => void) {
    this.#source = source;
    this.#log = log;
  }

  /** The last model that could be read. It stays in use while a newer one is unreadable. */
  get model(): Model | undefined {
    return this.#model;
  }

  /** Loads the folder's model if it has changed. Never rejects. */
  async look(): Promise<void> {
    const read = await this.#source.readCheckpoint();
    if (!read.ok) return this.#reportFailure(read.failure.message);
    const key = JSON.stringify(read.value);
    if (!read.value || key === this.#seen) return;
    const model = await this.#source.readModel(read.value);
    if (!model.ok) return this.#reportFailure(model.failure.message);
    this.#model = model.value;
    this.#seen = key;
    this.#lastFailure = '';
    this.#log(`version ${model.value.version} of ${model.value.date}: ${model.value.rules.length} rules`);
  }

  /** Polls every `intervalMs` until `stop`. */
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

  #reportFailure(message: string): void {
    if (message !== this.#lastFailure) this.#log(`the rules cannot be read: ${message}`);
    this.#lastFailure = message;
  }
}
