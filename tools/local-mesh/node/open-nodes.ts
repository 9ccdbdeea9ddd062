/** Makes the nodes in the best way that this machine allows, after removing the remains of dead runs. */
import { availableParallelism } from 'node:os';
import { type RunDirectory, isDeadRun, removeDeadRuns } from '../process/run-directory.ts';
import { findCgroups } from '../../machine/cgroup-mounts.ts';
import { createCgroupNodes } from './cgroup-nodes.ts';
import { removeGroup } from '../../machine/cgroup.ts';
import type { NodeSet, NodeSize } from './mesh-node.ts';
import { createPinnedNodes } from './pinned-nodes.ts';
import { allowedCpus } from '../../machine/processes.ts';

export interface OpenedNodes {
  readonly set: NodeSet;
  /** Names of dead runs that were cleaned up. */
  readonly removed: readonly string[];
}

/** `pinned` forces pinned cores even if control groups are writable. */
export function openNodes(run: RunDirectory, sizes: readonly NodeSize[], pinned = false): OpenedNodes {
  const removed = new Set(removeDeadRuns());
  const cgroups = findCgroups();
  if (cgroups.ok) {
    for (const group of cgroups.value.children('').filter(isDeadRun)) {
      removeGroup(cgroups.value, group);
      removed.add(group);
    }
  }
  const set =
    cgroups.ok && !pinned
      ? createCgroupNodes(cgroups.value, run.name, sizes, availableParallelism())
      : createPinnedNodes(
          run.path,
          sizes.map(({ name }) => name),
          allowedCpus(),
          cgroups.ok ? 'Pinned cores were asked for' : cgroups.failure.message,
        );
  return { set, removed: [...removed] };
}
