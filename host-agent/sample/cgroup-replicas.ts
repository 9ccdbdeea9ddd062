/** Replicas by their pods' cgroups. */
import type { ReplicaCpu } from '../../contract/report.ts';
import type { Hierarchy } from './cpu-group.ts';
import { GroupTotal } from './group-total.ts';
import type { PodGroups } from './pod-groups.ts';
import type { ReplicaSource } from './sources.ts';

/**
 * The counters of a pod without a group are kept for this many refreshes, about a minute. Its group may be made anew,
 * and the controller takes no counter that fell.
 */
const MAX_MISSED_REFRESHES = 30;

interface Pod {
  readonly total: GroupTotal;
  missedRefreshes: number;
}

export class CgroupReplicas implements ReplicaSource {
  readonly #hierarchy: Hierarchy;
  readonly #groups: PodGroups;
  readonly #warn: (why: string) => void;
  #pods = new Map<string, Pod>();
  #hasWarned = false;

  /** @param warn hears once when the node has no group in which kubelet would make those of pods */
  constructor(hierarchy: Hierarchy, groups: PodGroups, warn: (why: string) => void) {
    this.#hierarchy = hierarchy;
    this.#groups = groups;
    this.#warn = warn;
  }

  refresh(): void {
    const found = this.#groups.find();
    for (const [uid, pod] of this.#pods) {
      if (found.has(uid)) continue;
      pod.total.follow([]);
      if (++pod.missedRefreshes > MAX_MISSED_REFRESHES) this.#pods.delete(uid);
    }
    for (const [uid, paths] of found) {
      const pod = this.#pods.get(uid) ?? { total: new GroupTotal(this.#hierarchy), missedRefreshes: 0 };
      pod.missedRefreshes = 0;
      pod.total.follow(paths);
      this.#pods.set(uid, pod);
    }
    this.#warnWithoutRoots();
  }

  #warnWithoutRoots(): void {
    const isMissing = this.#groups.roots.length === 0;
    if (isMissing && !this.#hasWarned) {
      const names = 'kubepods, kubepods.slice or <cgroup root>-kubepods.slice';
      this.#warn(
        `no pods found: kubelet makes their cgroups in one named ${names}, and there is none below ` +
          `${this.#groups.directory}. Mount the node's cgroups, and name where with --cgroup-root and --node-cgroup`,
      );
    }
    this.#hasWarned = isMissing;
  }

  sample(): ReplicaCpu[] {
    const replicas: ReplicaCpu[] = [];
    for (const [uid, { total }] of this.#pods) {
      if (!total.sample()) continue;
      const { cpuSeconds, throttledSeconds, limitCores } = total;
      replicas.push({ uid, cpuSeconds, throttledSeconds, ...(limitCores !== undefined && { limitCores }) });
    }
    return replicas;
  }

  close(): void {
    for (const { total } of this.#pods.values()) total.close();
    this.#pods.clear();
  }
}
