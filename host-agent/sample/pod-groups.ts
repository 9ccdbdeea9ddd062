/** Finds the pods of a node by the names that kubelet gives to their cgroups. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Hierarchy } from './cpu-group.ts';

// kubelet's `--cgroup-root` comes first in systemd's names, such as `custom-kubepods-burstable-pod<uid>.slice`.
const SYSTEMD_POD = /^(?:.+-)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-zA-Z_]+)\.slice$/;
const CGROUPFS_POD = /^pod([0-9a-zA-Z-]+)$/;
const PODS_ROOT = /^(?:kubepods|(?:.+-)?kubepods\.slice)$/;
const QOS_CLASS = /^(?:burstable|besteffort|(?:.+-)?kubepods-(?:burstable|besteffort)\.slice)$/;

/**
 * The whole tree is searched for pods' roots again after this many looks. A kubelet that is restarted with another
 * cgroup root makes new ones; with another driver it makes one beside the old one, which the next look finds.
 */
const LOOKS_PER_SEARCH = 16;

/** Pod UID in a cgroup's name, under either of kubelet's cgroup drivers. systemd's driver writes the dashes as `_`. */
export function podUid(groupName: string): string | undefined {
  const systemd = SYSTEMD_POD.exec(groupName)?.[1];
  if (systemd !== undefined) return systemd.replaceAll('_', '-');
  return CGROUPFS_POD.exec(groupName)?.[1];
}

function childNames(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // The group is not made yet, or it ended since its parent was listed.
    return [];
  }
}

/** Whether a process is in the group or below it. */
function isPopulated(directory: string): boolean {
  try {
    if (readFileSync(join(directory, 'cgroup.procs'), 'utf8') !== '') return true;
  } catch {
    // A threaded group does not list its processes; the groups below it may.
  }
  return childNames(directory).some((name) => isPopulated(join(directory, name)));
}

/** The groups of the pods below a node's own group. */
export class PodGroups {
  readonly #hierarchy: Hierarchy;
  readonly #nodePath: string;
  #roots: readonly string[] = [];
  #looksToSearch = 0;

  /** `nodePath`: the node's group relative to the hierarchy; `''` for the hierarchy's root. */
  constructor(hierarchy: Hierarchy, nodePath: string) {
    this.#hierarchy = hierarchy;
    this.#nodePath = nodePath;
  }

  /** Directory below which pods are searched. */
  get directory(): string {
    return this.#hierarchy.directory(this.#nodePath);
  }

  /** Paths of the groups in which kubelet makes those of pods, as far as the last look found any. */
  get roots(): readonly string[] {
    return this.#roots;
  }

  /**
   * Paths of each pod's groups by UID. A pod has more than one while it moves, or when kubelet left a dead one behind;
   * a group with processes comes first.
   */
  find(): Map<string, readonly string[]> {
    if (this.#looksToSearch-- > 0) {
      this.#roots = this.#rootsBesideKnown();
      const found = this.#podsBelowRoots();
      if (found.size > 0) return this.#livingFirst(found);
    }
    this.#looksToSearch = LOOKS_PER_SEARCH;
    this.#roots = this.#searchRoots();
    return this.#livingFirst(this.#podsBelowRoots());
  }

  #rootsBesideKnown(): string[] {
    const parents = new Set(this.#roots.map((root) => dirname(root)));
    return [...parents].flatMap((parent) =>
      this.#children(parent)
        .filter((name) => PODS_ROOT.test(name))
        .map((name) => join(parent, name)),
    );
  }

  /** Roots at any depth, but not below another root: a pod may hold a whole cluster, whose pods are not this node's. */
  #searchRoots(): string[] {
    const roots: string[] = [];
    const queue = [this.#nodePath];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      for (const name of this.#children(path)) (PODS_ROOT.test(name) ? roots : queue).push(join(path, name));
    }
    return roots;
  }

  #podsBelowRoots(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    const add = (name: string, path: string): boolean => {
      const uid = podUid(name);
      if (uid === undefined) return false;
      found.set(uid, [...(found.get(uid) ?? []), path]);
      return true;
    };
    for (const root of this.#roots) {
      for (const name of this.#children(root)) {
        const path = join(root, name);
        if (add(name, path) || !QOS_CLASS.test(name)) continue;
        for (const pod of this.#children(path)) add(pod, join(path, pod));
      }
    }
    return found;
  }

  #children(path: string): string[] {
    return childNames(this.#hierarchy.directory(path));
  }

  #livingFirst(found: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
    return new Map([...found].map(([uid, paths]) => [uid, paths.length > 1 ? this.#sorted(paths) : paths]));
  }

  #sorted(paths: readonly string[]): string[] {
    const living = new Set(paths.filter((path) => isPopulated(this.#hierarchy.directory(path))));
    return [...paths.filter((path) => living.has(path)), ...paths.filter((path) => !living.has(path))];
  }
}
