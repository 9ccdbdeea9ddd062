/**
 * Saves what settings were before Ballast changed them, before it changes them. The next agent restores what a killed one
 * left changed.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';

/** One file of one group that was changed. */
export const ChangedSetting = Type.Object({
  directory: Type.String({ minLength: 1 }),
  /** Of the group, see `groupIdentity`. */
  identity: Type.String({ minLength: 1 }),
  file: Type.String({ minLength: 1 }),
  original: Type.String(),
  /** What Ballast may have written: the last text and the one before it. Any other text is somebody else's. */
  written: Type.Array(Type.String(), { maxItems: 2 }),
});
export type ChangedSetting = Static<typeof ChangedSetting>;

const Saved = Type.Object({
  /** Identity of the kernel: groups and their identities end with it. */
  boot: Type.String(),
  settings: Type.Array(ChangedSetting),
});
const SavedSettings = Compile(Saved);

export class SettingsFile {
  readonly #path: string;
  readonly #boot: string;

  /** @param boot identity of the running kernel, see `bootIdentity` */
  constructor(path: string, boot: string) {
    this.#path = path;
    this.#boot = boot;
  }

  /** What an agent before this one left changed; nothing when there is no file, or when it is from before the last boot. */
  load(): Result<readonly ChangedSetting[]> {
    let value: unknown;
    try {
      value = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return success([]);
      return this.#failure(error);
    }
    if (SavedSettings.Check(value)) return success(value.boot === this.#boot ? value.settings : []);
    return failure('CPU_NOT_SET', `--cpu-control: ${describeFieldErrors(SavedSettings.Errors(value), this.#path)}`);
  }

  /** Replaces the file as a whole, or removes it when there are no settings. */
  save(settings: readonly ChangedSetting[]): Result<void> {
    try {
      if (settings.length === 0) {
        rmSync(this.#path, { force: true });
        return success(undefined);
      }
      const next = `${this.#path}.next`;
      writeFileSync(next, JSON.stringify({ boot: this.#boot, settings }));
      renameSync(next, this.#path);
      return success(undefined);
    } catch (error) {
      return this.#failure(error);
    }
  }

  #failure(error: unknown): Result<never> {
    const reason = error instanceof Error ? error.message : String(error);
    return failure('CPU_NOT_SET', `--cpu-control: ${this.#path}: ${reason}`);
  }
}

export function bootIdentity(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
