/** Finds the pods of a node by the names that kubelet gives to their cgroups. */
import { readdirSync } from 'node:fs';
import type { Hierarchy } from './cpu-group.ts';

/** kubelet's own cgroup root may stand before the name: `kubelet-kubepods-burstable-pod<uid>.slice`. */
const SYSTEMD_POD = /^(?:.+-)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-zA-Z_]+)\.slice$/;
const CGROUPFS_POD = /^pod([0-9a-zA-Z-]+)$/;
const PODS_ROOT = /^(?:kubepods|(?:.+-)?kubepods\.slice)$/;
/** kubelet's own cgroup root, where it has one: that is what kind does with its nodes. */
const KUBELET_ROOT = /^kubelet(?:\.slice)?$/;
const QOS_CLASS = /^(?:burstable|besteffort|(?:.+-)?kubepods-(?:burstable|besteffort)\.slice)$/;

/** Pod UID in a cgroup's name, under either of kubelet's cgroup drivers; systemd writes the dashes as `_`. */
export function podUid(groupName: string): string | undefined {
  const systemd = SYSTEMD_POD.exec(groupName)?.[1];
  if (systemd !== undefined) return systemd.replaceAll('_', '-');
  return CGROUPFS_POD.exec(groupName)?.[1];
}

function children(hierarchy: Hierarchy, path: string): string[] {
  try {
    return readdirSync(hierarchy.directory(path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // Not made yet, or gone while we looked: the same as empty.
    return [];
  }
}

/** Paths of the pods' cgroups below the node's own (`''` for the hierarchy's root), by pod UID. */
export function findPodGroups(hierarchy: Hierarchy, nodePath: string): Map<string, string> {
  const found = new Map<string, string>();
  const prefix = nodePath === '' ? '' : `${nodePath}/`;
  for (const root of children(hierarchy, nodePath)) {
    if (KUBELET_ROOT.test(root)) {
      for (const [uid, path] of findPodGroups(hierarchy, `${prefix}${root}`)) found.set(uid, path);
    }
    if (!PODS_ROOT.test(root)) continue;
    for (const name of children(hierarchy, `${prefix}${root}`)) {
      const path = `${prefix}${root}/${name}`;
      const uid = podUid(name);
      if (uid !== undefined) {
        found.set(uid, path);
      } else if (QOS_CLASS.test(name)) {
        for (const pod of children(hierarchy, path)) {
          const podOfClass = podUid(pod);
          if (podOfClass !== undefined) found.set(podOfClass, `${path}/${pod}`);
        }
      }
    }
  }
  return found;
}
