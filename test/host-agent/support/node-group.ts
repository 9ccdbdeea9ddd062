/** Real cgroups that stand for a node and its pods, in kubelet's layout, on a machine where we may make them. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = '/sys/fs/cgroup';

export interface NodeGroup {
  /** Relative to the hierarchies' mounts, as `--node-cgroup` takes it. */
  readonly path: string;
  addPod(uid: string): void;
  removePod(uid: string): Promise<void>;
  /** Moves a process into a pod's group. */
  enter(uid: string, pid: number): void;
  /** Removes all that was made. Its processes must have ended; the kernel may need a moment to see it. */
  remove(): Promise<void>;
}

/** The hierarchies in which a pod's group has to be made, or none where cgroups are not to be had. */
function mounts(): string[] {
  if (existsSync(join(ROOT, 'cgroup.subtree_control'))) return [ROOT];
  const controllers = ['cpu,cpuacct', 'cpu', 'cpuacct'].map((name) => join(ROOT, name));
  return controllers.filter((mount) => existsSync(mount)).slice(0, existsSync(join(ROOT, 'cpu,cpuacct')) ? 1 : 2);
}

/** Unified groups have a controller's files only where their parent hands it down. */
function makeGroup(mount: string, path: string): void {
  const directory = join(mount, path);
  if (existsSync(directory)) return;
  if (path.includes('/')) makeGroup(mount, dirname(path));
  const handDown = join(dirname(directory), 'cgroup.subtree_control');
  if (existsSync(handDown) && !readFileSync(handDown, 'utf8').includes('cpu')) writeFileSync(handDown, '+cpu');
  mkdirSync(directory);
}

async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 0; existsSync(directory); attempt++) {
    try {
      rmdirSync(directory);
    } catch (error) {
      if (attempt >= 100) throw error;
      await sleep(20);
    }
  }
}

/** Makes the node's group; undefined where we may not, or where there are no cgroups. */
export function makeNodeGroup(path: string): NodeGroup | undefined {
  const roots = mounts();
  const made: string[] = [];
  const make = (group: string): void => {
    for (const mount of roots) makeGroup(mount, group);
    made.unshift(group);
  };
  const pod = (uid: string): string => `${path}/kubepods/burstable/pod${uid}`;
  const removeEverywhere = async (group: string): Promise<void> => {
    for (const mount of roots) await removeGroup(join(mount, group));
  };
  if (roots.length === 0) return undefined;
  try {
    for (const group of [path, `${path}/kubepods`, `${path}/kubepods/burstable`]) make(group);
  } catch {
    return undefined;
  }
  return {
    path,
    addPod: (uid) => make(pod(uid)),
    removePod: (uid) => removeEverywhere(pod(uid)),
    enter(uid, pid) {
      for (const mount of roots) writeFileSync(join(mount, pod(uid), 'cgroup.procs'), String(pid));
    },
    async remove() {
      for (const group of made) await removeEverywhere(group);
    },
  };
}
