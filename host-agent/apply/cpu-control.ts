/**
 * Sets the CPU of pods as they are granted it, and sets it back: when a grant ends, when the assignments expire, when
 * the agent stops, and, by the next agent, when it was killed. Touches no group without a grant, and writes only what
 * differs.
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
  /** Hears of each write that was done. */
  readonly written: (outcome: 'set' | 'restored') => void;
  /** Hears of each attempt that failed; `isNew` unless the last one failed in the same way. */
  readonly failed: (failure: Failure, isNew: boolean) => void;
}

/** Pods that came, and values that others changed, are noticed within this time. */
const LOOK_MS = 1000;

/** What one file is to hold. */
interface Wish {
  readonly directory: string;
  readonly file: string;
  readonly text: (original: string) => string;
}

interface Write extends ChangedSetting {
  readonly text: string;
}

export class CpuControl {
  readonly #parts: CpuControlParts;
  /** Files that do not hold what they held before Ballast, by path. */
  #changed = new Map<string, ChangedSetting>();
  /** The largest limit of a container seen in each pod: one that starts again must find room for it. */
  #largestBelow = new Map<string, number>();
  #directories: ReadonlyMap<string, string> = new Map();
  #complaints = new Map<string, string>();
  #grants: readonly PodCpuGrant[] = [];
  #lookedAt = -Infinity;

  /** `left`: what an agent before this one left changed; it is restored at the first occasion. */
  constructor(parts: CpuControlParts, left: readonly ChangedSetting[]) {
    this.#parts = parts;
    for (const setting of left) this.#changed.set(join(setting.directory, setting.file), setting);
    this.#reconcile();
  }

  /** Files that are changed now. */
  get size(): number {
    return this.#changed.size;
  }

  /** Makes the grants so, as far as that is due; true when some file was written. Time in ms. */
  follow(grants: readonly PodCpuGrant[], now: number): boolean {
    if (grants === this.#grants && now - this.#lookedAt < LOOK_MS) return false;
    this.#grants = grants;
    this.#lookedAt = now;
    return this.#reconcile();
  }

  /** Sets everything back. */
  close(): void {
    this.#grants = [];
    this.#reconcile();
  }

  /** The report of a replica: a quota that was set here is not its own limit. */
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
    const wishes = new Map(this.#wishes().map((wish) => [join(wish.directory, wish.file), wish]));
    const restored = this.#restore((path) => !wishes.has(path));
    const writes = [...wishes.values()].flatMap((wish) => this.#planned(wish) ?? []);
    const noted = writes.length > 0 && this.#save(writes);
    const set = noted ? this.#set(writes) : 0;
    if (restored || (noted && set < writes.length)) this.#save([]);
    const paths = new Set([...wishes.keys(), ...this.#changed.keys(), '']);
    for (const path of this.#complaints.keys()) if (!paths.has(path)) this.#complaints.delete(path);
    return restored || set > 0;
  }

  #wishes(): Wish[] {
    const { files } = this.#parts;
    const limits = new Map<string, number>();
    const wishes = this.#grants.flatMap(({ uid, shares, quotaCores }): Wish[] => {
      const directory = this.#directories.get(uid);
      if (directory === undefined) return [];
      const own: Wish[] = [];
      if (shares !== undefined) {
        own.push({ directory, file: files.sharesFile, text: () => files.sharesText(shares) });
      }
      if (quotaCores !== undefined) {
        const least = Math.max(this.#largestBelow.get(directory) ?? 0, files.largestQuotaBelow(directory));
        limits.set(directory, least);
        own.push({
          directory,
          file: files.quotaFile,
          text(original) {
            const ownCores = files.quotaCores(directory, original) ?? Infinity;
            const cores = Math.max(quotaCores, least);
            return cores < ownCores ? files.quotaText(directory, cores, least, original) : original;
          },
        });
      }
      return own;
    });
    this.#largestBelow = limits;
    return wishes;
  }

  /** The write that a wish needs; undefined when the file holds that already, or is gone. */
  #planned({ directory, file, text }: Wish): Write | undefined {
    const path = join(directory, file);
    const [identity, current] = [groupIdentity(directory), readText(directory, file)];
    if (identity === undefined || current === undefined) return undefined;
    const known = this.#changed.get(path);
    const isOurs = known?.identity === identity && known.written.includes(current);
    const original = isOurs ? known.original : current;
    const wanted = text(original);
    if (known && !isOurs) this.#changed.delete(path); // Made anew, or changed by somebody else: that is to be kept.
    return wanted === current
      ? undefined
      : { directory, identity, file, original, written: [current, wanted], text: wanted };
  }

  /** Notes what is about to be written; without that nothing may be. */
  #save(writes: readonly Write[]): boolean {
    const next = new Map(this.#changed);
    for (const { text: _, ...setting } of writes) next.set(join(setting.directory, setting.file), setting);
    const saved = this.#parts.saved.save([...next.values()]);
    if (saved.ok) this.#complaints.delete('');
    else this.#complain('', saved.failure);
    return saved.ok;
  }

  /** How many succeeded. */
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

  /** Sets back what is still as Ballast wrote it; what somebody else wrote since, stays. */
  #restore(concerns: (path: string) => boolean): boolean {
    let done = false;
    for (const [path, setting] of this.#changed) {
      if (!concerns(path)) continue;
      const current = readText(setting.directory, setting.file);
      const isOurs =
        current !== undefined &&
        current !== setting.original &&
        setting.written.includes(current) &&
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
      this.#complaints.delete(path);
      return true;
    }
    this.#complain(path, { code: 'CPU_NOT_SET', message: `${path}: ${text} was refused: ${refusal}` });
    return false;
  }

  #complain(path: string, failure: Failure): void {
    this.#parts.failed(failure, this.#complaints.get(path) !== failure.message);
    this.#complaints.set(path, failure.message);
  }
}
