/** A real cgroup in place of a node, with pods below it in kubelet's layout, if the test may create cgroups. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeGroup } from '../../../tools/machine/cgroup.ts';
import { findCgroups } from '../../../tools/machine/cgroup-mounts.ts';

export interface NodeGroup {
  readonly version: 1 | 2;
  /** Relative to the hierarchies' mounts, as `--node-cgroup` takes it. */
  readonly path: string;
  addPod(uid: string): void;
  /** Makes the group of a container with a CPU limit in a pod. */
  addContainer(uid: string, name: string, limitCores: number): void;
  /** Removes the pod's group, and kills what is left in it. */
  removePod(uid: string): void;
  /** Directory of the pod's CPU controller. */
  settings(uid: string): string;
  /** Moves a process into a pod's group. */
  enter(uid: string, pid: number): void;
  /** CPU seconds that the pod has used. */
  cpuSeconds(uid: string): number;
  /** Removes all that was made, and kills what is left in it. */
  remove(): void;
}

/** Makes the node's group; undefined where cgroups cannot be written. */
export function makeNodeGroup(path: string, quotaCores?: number): NodeGroup | undefined {
  const found = findCgroups();
  if (!found.ok) return undefined;
  const files = found.value;
  const settings = (uid: string): string => files.directories(pod(uid))[0] ?? '';
  const pod = (uid: string): string => `${path}/kubepods/burstable/pod${uid}`;
  files.create(`${path}/kubepods/burstable`);
  files.setQuota(path, quotaCores);
  return {
    version: files.version,
    path,
    addPod: (uid) => files.create(pod(uid)),
    addContainer(uid, name, limitCores) {
      files.create(`${pod(uid)}/${name}`);
      files.setQuota(`${pod(uid)}/${name}`, limitCores);
    },
    settings,
    removePod: (uid) => void removeGroup(files, pod(uid)),
    enter(uid, pid) {
      for (const directory of files.directories(pod(uid))) writeFileSync(join(directory, 'cgroup.procs'), String(pid));
    },
    cpuSeconds: (uid) => files.cpuSeconds(pod(uid)),
    remove: () => void removeGroup(files, path),
  };
}
