/** Which generation of cgroups a machine has, told by what is mounted below `--cgroup-root`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../contract/errors.ts';
import { controllerHierarchy } from './cgroup-v1.ts';
import { unifiedHierarchy } from './cgroup-v2.ts';
import type { Hierarchy } from './cpu-group.ts';

/** The unified hierarchy is mounted here, and it is the one that has the CPU controller. */
function unifiedHasCpu(mount: string): boolean {
  try {
    return readFileSync(join(mount, 'cgroup.controllers'), 'utf8').trim().split(/\s+/).includes('cpu');
  } catch {
    return false;
  }
}

/** First of the named controllers' mounts that holds `file`. */
function mountWith(root: string, names: readonly string[], file: string): string | undefined {
  return names.map((name) => join(root, name)).find((mount) => existsSync(join(mount, file)));
}

/**
 * Finds the hierarchy that accounts CPU: v2 at the root, v1 controllers below it, or (hybrid machines) v2 in
 * `unified` once CPU has moved there.
 * @throws BallastError NO_CPU_SOURCE when there is none
 */
export function detectHierarchy(root: string): Hierarchy {
  if (unifiedHasCpu(root)) return unifiedHierarchy(root);
  const cpuacct = mountWith(root, ['cpu,cpuacct', 'cpuacct,cpu', 'cpuacct'], 'cpuacct.usage');
  const cpu = mountWith(root, ['cpu,cpuacct', 'cpuacct,cpu', 'cpu'], 'cpu.stat');
  if (cpuacct !== undefined && cpu !== undefined) {
    return controllerHierarchy({ cpuacct, cpu, cpuset: mountWith(root, ['cpuset'], 'cpuset.cpus') });
  }
  const unified = join(root, 'unified');
  if (unifiedHasCpu(unified)) return unifiedHierarchy(unified);
  throw new BallastError('NO_CPU_SOURCE', `--cgroup-root ${root}: no cgroup hierarchy with the CPU controller there`);
}
