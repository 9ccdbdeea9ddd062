/** CPU of a group of the per-controller hierarchies: `cpuacct.usage`, `cpu.stat` and the CFS quota. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuGroup, GroupReading, Hierarchy } from './cpu-group.ts';
import { RisingCounter, roundSeconds } from './counter.ts';
import { cpuList, fieldName, fieldValue, numberAt } from './fields.ts';
import { KernelFile } from './kernel-file.ts';

const THROTTLED = fieldName('throttled_time ');

/** Where each controller that matters is mounted. `cpu` and `cpuacct` are often one mount. */
export interface ControllerMounts {
  readonly cpuacct: string;
  readonly cpu: string;
  readonly cpuset: string | undefined;
}

class ControllerGroup implements CpuGroup {
  #usageFile: KernelFile;
  #stat: KernelFile;
  #quota: KernelFile;
  #period: KernelFile;
  #usage = new RisingCounter();
  #throttled = new RisingCounter();
  #limitCores: number | undefined;

  constructor(cpuacctDirectory: string, cpuDirectory: string) {
    this.#usageFile = new KernelFile(join(cpuacctDirectory, 'cpuacct.usage'));
    this.#stat = new KernelFile(join(cpuDirectory, 'cpu.stat'));
    this.#quota = new KernelFile(join(cpuDirectory, 'cpu.cfs_quota_us'));
    this.#period = new KernelFile(join(cpuDirectory, 'cpu.cfs_period_us'));
    this.refreshLimits();
  }

  sample(): boolean {
    const length = this.#usageFile.read();
    if (this.#usageFile.state !== 'open') return false;
    this.#usage.observe(numberAt(this.#usageFile.bytes, length, 0));
    // The kernel throttles nothing without a quota, so the file need not be read.
    if (this.#limitCores !== undefined) {
      this.#throttled.observe(fieldValue(this.#stat.bytes, this.#stat.read(), THROTTLED));
    }
    return true;
  }

  /** A quota of -1 means that there is none. */
  refreshLimits(): void {
    const quota = numberAt(this.#quota.bytes, this.#quota.read(), 0);
    const period = numberAt(this.#period.bytes, this.#period.read(), 0);
    this.#limitCores = quota && period ? quota / period : undefined;
  }

  get reading(): GroupReading {
    return {
      cpuSeconds: roundSeconds(this.#usage.total / 1e9),
      throttledSeconds: roundSeconds(this.#throttled.total / 1e9),
      limitCores: this.#limitCores,
    };
  }

  close(): void {
    this.#usageFile.close();
    this.#stat.close();
    this.#quota.close();
    this.#period.close();
  }
}

/** The hierarchies of the separate controllers. Groups are listed in the one that accounts CPU. */
export function controllerHierarchy(mounts: ControllerMounts): Hierarchy {
  return {
    version: 'v1',
    directory: (path) => join(mounts.cpuacct, path),
    settings: (path) => join(mounts.cpu, path),
    open: (path) => new ControllerGroup(join(mounts.cpuacct, path), join(mounts.cpu, path)),
    // Only the kernel's own root has this file.
    isWholeMachine: () => existsSync(join(mounts.cpu, 'release_agent')),
    pinnedCpus(path) {
      if (mounts.cpuset === undefined) return undefined;
      try {
        return cpuList(readFileSync(join(mounts.cpuset, path, 'cpuset.cpus'), 'utf8'))?.size;
      } catch {
        return undefined;
      }
    },
  };
}
