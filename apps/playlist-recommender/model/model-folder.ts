/**
 * The folder that miner and services share. A reader never sees a half-written model: the miner writes the rules first,
 * then replaces the checkpoint that names them, and keeps the rules of the previous checkpoint until the next run.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, type Result, success } from '../../../contract/result.ts';
import type { Model, Rule, Source } from './model.ts';
import { type Checkpoint, decodeCheckpoint, decodeRules, encodeCheckpoint, encodeRules } from './stored-model.ts';

const CHECKPOINT = 'checkpoint.json';
const RULES = /^rules-[0-9a-f]{16}\.json$/;

export class ModelFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined if there is no checkpoint yet. */
  async readCheckpoint(): Promise<Result<Checkpoint | undefined>> {
    try {
      return decodeCheckpoint(await readFile(join(this.path, CHECKPOINT), 'utf8'));
    } catch (error) {
      return isMissing(error) ? success(undefined) : unreadable(error);
    }
  }

  /** The model that a checkpoint names. */
  async readModel({ version, date, rules }: Checkpoint): Promise<Result<Model>> {
    try {
      const decoded = decodeRules(await readFile(join(this.path, rules), 'utf8'));
      return decoded.ok ? success({ version, date, rules: decoded.value }) : decoded;
    } catch (error) {
      return unreadable(error);
    }
  }

  /**
   * Stores rules and their source; makes the folder if it is missing.
   * @throws Error of the file system
   */
  async write(source: Source, date: Date, rules: readonly Rule[]): Promise<Checkpoint> {
    await mkdir(this.path, { recursive: true });
    const before = await this.readCheckpoint();
    const text = encodeRules(rules);
    const name = `rules-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
    const checkpoint = { ...source, date: date.toISOString(), rules: name };
    await this.#writeWhole(name, text);
    await this.#writeWhole(CHECKPOINT, encodeCheckpoint(checkpoint));
    const kept = [name, before.ok ? before.value?.rules : undefined];
    for (const file of await readdir(this.path)) {
      if (RULES.test(file) && !kept.includes(file)) await rm(join(this.path, file), { force: true });
    }
    return checkpoint;
  }

  /** Replaces the file atomically: a reader sees the old or the new content, even after a power cut. */
  async #writeWhole(name: string, text: string): Promise<void> {
    const unfinished = join(this.path, `.${name}.${randomUUID()}`);
    try {
      const file = await open(unfinished, 'wx', 0o644);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, join(this.path, name));
    } finally {
      await rm(unfinished, { force: true });
    }
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function unreadable(error: unknown): Result<never> {
  return failure('INVALID_MODEL', error instanceof Error ? error.message : String(error));
}
