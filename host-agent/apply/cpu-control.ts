/**
 * Sets the CPU of pods as the controller grants it, and restores what was there before: when a grant ends, when the
 * assignments expire, when the agent stops and, by the next agent, when it was killed. A group without a grant is not
 * touched, and a file is written only when its text differs.
 */
import { join } from 'node:path';
import type { PodCpuGrant } from '../../contract/assignment.ts';
import type { Failure } from '../../contract/errors.ts';
import type { ReplicaCpu } from '../../contract/report.ts';
import type { CpuInterface } from './cpu-interface.ts';
import { groupIdentity, readText, writeText } from './group-file.ts';
import type { ChangedSetting, SettingsFile } from './settings-file.ts';

export interface CpuControlParts {
  readonly files: CpuInterface;
  /** Directory of each pod's CPU settings, by UID. */
  readonly findPods: () => ReadonlyMap<string, string>;
  readonly saved: SettingsFile;
  /** Hears of each write that succeeded. */
  readonly written: (outcome: 'set' | 'restored') => void;
  /** Hears of each attempt that failed; `isNew` unless the last one failed in the same way. */
  readonly failed: (failure: Failure, isNew: boolean) => void;
}

/** New pods, and values that somebody else wrote, are noticed within this time. */
const MAX_LOOK_MS = 1000;

/** Key of the failure to save settings; all other failures go by the path of the file that was not written. */
const SAVING = '';

/** What one file is to hold. */
interface DesiredSetting {
  readonly directory: string;
  readonly file: string;
  readonly text: (original: string) => string;
}

interface Write extends ChangedSetting {
  readonly text: string;
}

export class CpuControl {
  readonly #parts: CpuControlParts;
  /** Files that hold something else than before Ballast, by path. */
  #changed = new Map<string, ChangedSetting>();
  /** The largest container limit seen in each pod, by directory: a container that restarts must find room for it. */
  #maxQuotaBelow = new Map<string, number>();
  #directories: ReadonlyMap<string, string> = new Map();
  /** The last failure of each file. */
  #failures = new Map<string, string>();
  #grants: readonly PodCpuGrant[] = [];
  #lookedAt = -Infinity;

  /** @param left what an agent before this one left changed; it is restored now */
  constructor(parts: CpuControlParts, left: readonly ChangedSetting[]) {
    this.#parts = parts;
    for (const setting of left) this.#changed.set(join(setting.directory, setting.file), setting);
    this.#reconcile();
  }

  /** Number of files that are changed now. */
  get size(): number {
    return this.#changed.size;
  }

  /** Applies the grants if they are new or a look is due; true when a file was written. Time in ms. */
  follow(grants: readonly PodCpuGrant[], now: number): boolean {
    if (grants === this.#grants && now - this.#lookedAt < MAX_LOOK_MS) return false;
    this.#grants = grants;
    this.#lookedAt = now;
    return this.#reconcile();
  }

  /** Restores everything. */
  close(): void {
    this.#grants = [];
    this.#reconcile();
  }

  /** The replica as it is reported: a quota that Ballast set is not the replica's own limit. */
  reported(replica: ReplicaCpu): ReplicaCpu {
    const { files } = this.#parts;
    const directory = this.#directories.get(replica.uid);
    const changed = directory && this.#changed.get(join(directory, files.quotaFile));
    if (!changed) return replica;
    const { limitCores: _, ...rest } = replica;
    const own = files.quotaCores(changed.directory, changed.original);
    const granted = files.quotaCores(changed.directory, changed.written.at(-1) ?? '');
    return {
      ...rest,
      ...(own !== undefined && { limitCores: own }),
      ...(granted !== undefined && { grantedCores: granted }),
    };
  }

  #reconcile(): boolean {
    if (this.#grants.length === 0 && this.#changed.size === 0) return false;
    this.#directories = this.#parts.findPods();
    const desired = new Map(this.#desired().map((setting) => [join(setting.directory, setting.file), setting]));
    const restored = this.#restore((path) => !desired.has(path));
    const writes = [...desired.values()].flatMap((setting) => this.#planned(setting) ?? []);
    const isSaved = writes.length > 0 && this.#save(writes);
    const set = isSaved ? this.#set(writes) : 0;
    if (restored || (isSaved && set < writes.length)) this.#save([]);
    const paths = new Set([...desired.keys(), ...this.#changed.keys(), SAVING]);
    for (const path of this.#failures.keys()) if (!paths.has(path)) this.#failures.delete(path);
    return restored || set > 0;
  }

  #desired(): DesiredSetting[] {
    const { files } = this.#parts;
    const maxQuotaBelow = new Map<string, number>();
    const desired = this.#grants.flatMap(({ uid, shares, quotaCores }): DesiredSetting[] => {
      const directory = this.#directories.get(uid);
      if (directory === undefined) return [];
      const settings: DesiredSetting[] = [];
      if (shares !== undefined) {
        settings.push({ directory, file: files.sharesFile, text: () => files.sharesText(shares) });
      }
      if (quotaCores !== undefined) {
        const minCores = Math.max(this.#maxQuotaBelow.get(directory) ?? 0, files.maxQuotaBelow(directory));
        maxQuotaBelow.set(directory, minCores);
        settings.push({
          directory,
          file: files.quotaFile,
          text(original) {
            const ownCores = files.quotaCores(directory, original) ?? Infinity;
            const cores = Math.max(quotaCores, minCores);
            return cores < ownCores ? files.quotaText(directory, cores, minCores, original) : original;
          },
        });
      }
      return settings;
    });
    this.#maxQuotaBelow = maxQuotaBelow;
    return desired;
  }

  /** The write that a setting needs; undefined when the file holds it already, or is gone. */
  #planned({ directory, file, text }: DesiredSetting): Write | undefined {
    const path = join(directory, file);
    const [identity, observed] = [groupIdentity(directory), readText(directory, file)];
    if (identity === undefined || observed === undefined) return undefined;
    const known = this.#changed.get(path);
    const isOurs = known?.identity === identity && known.written.includes(observed);
    const original = isOurs ? known.original : observed;
    const desired = text(original);
    // The group was made anew, or somebody else wrote the file: what it holds now is what is restored later.
    if (known && !isOurs) this.#changed.delete(path);
    return desired === observed
      ? undefined
      : { directory, identity, file, original, written: [observed, desired], text: desired };
  }

  /** Saves what is about to be written; false when it cannot be saved, and then nothing may be written. */
  #save(writes: readonly Write[]): boolean {
    const next = new Map(this.#changed);
    for (const { text: _, ...setting } of writes) next.set(join(setting.directory, setting.file), setting);
    const saved = this.#parts.saved.save([...next.values()]);
    if (saved.ok) this.#failures.delete(SAVING);
    else this.#fail(SAVING, saved.failure);
    return saved.ok;
  }

  /** Number of writes that succeeded. */
  #set(writes: readonly Write[]): number {
    let done = 0;
    for (const { text, ...setting } of writes) {
      const path = join(setting.directory, setting.file);
      if (!this.#write(path, setting, text)) continue;
      this.#changed.set(path, setting);
      this.#parts.written('set');
      done++;
    }
    return done;
  }

  /** Restores what is still as Ballast wrote it; what somebody else wrote since then stays. */
  #restore(concerns: (path: string) => boolean): boolean {
    let done = false;
    for (const [path, setting] of this.#changed) {
      if (!concerns(path)) continue;
      const observed = readText(setting.directory, setting.file);
      const isOurs =
        observed !== undefined &&
        observed !== setting.original &&
        setting.written.includes(observed) &&
        groupIdentity(setting.directory) === setting.identity;
      if (isOurs) {
        if (!this.#write(path, setting, setting.original)) continue;
        this.#parts.written('restored');
      }
      this.#changed.delete(path);
      done = true;
    }
    return done;
  }

  #write(path: string, { directory, file }: ChangedSetting, text: string): boolean {
    const refusal = writeText(directory, file, text);
    if (refusal === undefined) {
      this.#failures.delete(path);
      return true;
    }
    this.#fail(path, { code: 'CPU_NOT_SET', message: `${path}: ${text} was refused: ${refusal}` });
    return false;
  }

  #fail(path: string, failure: Failure): void {
    this.#parts.failed(failure, this.#failures.get(path) !== failure.message);
    this.#failures.set(path, failure.message);
  }
}
