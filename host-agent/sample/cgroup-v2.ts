/** CPU of a group of the unified hierarchy: `cpu.stat` and `cpu.max`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuGroup, GroupReading, Hierarchy } from './cpu-group.ts';
import { RisingCounter, roundSeconds } from './counter.ts';
import { cpuList, fieldName, fieldValue, nextWord, numberAt } from './fields.ts';
import { KernelFile } from './kernel-file.ts';

const USAGE = fieldName('usage_usec ');
const THROTTLED = fieldName('throttled_usec ');

/**
 * `cpu.pressure` is left alone: it counts the time in which a group's own quota throttles it as waiting for a CPU, so it
 * says nothing of neighbours (docs/adr/0023-cpu-weight.md).
 */
class UnifiedGroup implements CpuGroup {
  #stat: KernelFile;
  #max: KernelFile;
  #usage = new RisingCounter();
  #throttled = new RisingCounter();
  #limitCores: number | undefined;

  constructor(directory: string) {
    this.#stat = new KernelFile(join(directory, 'cpu.stat'));
    this.#max = new KernelFile(join(directory, 'cpu.max'));
    this.refreshLimits();
  }

  sample(): boolean {
    const length = this.#stat.read();
    if (this.#stat.state !== 'open') return false;
    const { bytes } = this.#stat;
    this.#usage.observe(fieldValue(bytes, length, USAGE));
    this.#throttled.observe(fieldValue(bytes, length, THROTTLED));
    return true;
  }

  /** `cpu.max` is `<quota> <period>`, both in us, or `max <period>`. */
  refreshLimits(): void {
    const length = this.#max.read();
    if (length === 0) return;
    const { bytes } = this.#max;
    const quota = numberAt(bytes, length, 0);
    const period = numberAt(bytes, length, nextWord(bytes, length, 0));
    this.#limitCores = quota && period ? quota / period : undefined;
  }

  get reading(): GroupReading {
    return {
      cpuSeconds: roundSeconds(this.#usage.total / 1e6),
      throttledSeconds: roundSeconds(this.#throttled.total / 1e6),
      limitCores: this.#limitCores,
    };
  }

  close(): void {
    this.#stat.close();
    this.#max.close();
  }
}

/** The unified hierarchy mounted at `mount`. */
export function unifiedHierarchy(mount: string): Hierarchy {
  return {
    version: 'v2',
    directory: (path) => join(mount, path),
    settings: (path) => join(mount, path),
    open: (path) => new UnifiedGroup(join(mount, path)),
    // Every group has this file except the kernel's own root.
    isWholeMachine: () => !existsSync(join(mount, 'cgroup.type')),
    pinnedCpus(path) {
      try {
        return cpuList(readFileSync(join(mount, path, 'cpuset.cpus.effective'), 'utf8'))?.size;
      } catch {
        return undefined;
      }
    },
  };
}
