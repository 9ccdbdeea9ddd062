/** Replicas by their pods' cgroups. */
import type { ReplicaCpu } from '../../contract/report.ts';
import type { CpuGroup, Hierarchy } from './cpu-group.ts';
import { findPodGroups } from './pod-groups.ts';
import type { ReplicaSource } from './sources.ts';

interface Pod {
  readonly path: string;
  readonly group: CpuGroup;
}

export class CgroupReplicas implements ReplicaSource {
  #hierarchy: Hierarchy;
  #nodePath: string;
  #pods = new Map<string, Pod>();

  /** `nodePath`: the node's cgroup relative to the hierarchy; `''` when the machine is the node. */
  constructor(hierarchy: Hierarchy, nodePath: string) {
    this.#hierarchy = hierarchy;
    this.#nodePath = nodePath;
  }

  refresh(): void {
    const found = findPodGroups(this.#hierarchy, this.#nodePath);
    for (const [uid, pod] of this.#pods) {
      if (found.get(uid) === pod.path) pod.group.refreshLimits();
      else this.#drop(uid, pod);
    }
    for (const [uid, path] of found) {
      if (!this.#pods.has(uid)) this.#pods.set(uid, { path, group: this.#hierarchy.open(path) });
    }
  }

  sample(): ReplicaCpu[] {
    const replicas: ReplicaCpu[] = [];
    for (const [uid, pod] of this.#pods) {
      if (!pod.group.sample()) {
        this.#drop(uid, pod);
        continue;
      }
      const { cpuSeconds, throttledSeconds, pressureSeconds, limitCores } = pod.group.reading;
      replicas.push({
        uid,
        cpuSeconds,
        throttledSeconds,
        ...(pressureSeconds !== undefined && { pressureSeconds }),
        ...(limitCores !== undefined && { limitCores }),
      });
    }
    return replicas;
  }

  #drop(uid: string, pod: Pod): void {
    pod.group.close();
    this.#pods.delete(uid);
  }

  close(): void {
    for (const [uid, pod] of this.#pods) this.#drop(uid, pod);
  }
}
