import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CgroupReplicas } from '../../../host-agent/sample/cgroup-replicas.ts';
import { detectHierarchy } from '../../../host-agent/sample/detect-hierarchy.ts';
import { PodGroups, podUid } from '../../../host-agent/sample/pod-groups.ts';
import { temporaryTree, type Tree, writeTree } from '../support/tree.ts';

const UID = '0b6e5a1c-1f0d-4f3e-9c39-5d1f2a7b8c90';
const SYSTEMD_UID = UID.replaceAll('-', '_');
const ROOT: Tree = { 'cgroup.controllers': 'cpuset cpu io memory pids\n', 'cpu.stat': 'usage_usec 1\n' };

/** Groups as empty as a test of their names needs them. */
function treeOf(...paths: readonly string[]): Tree {
  return { ...ROOT, ...Object.fromEntries(paths.map((path) => [`${path}/cpu.stat`, 'usage_usec 1\n'])) };
}

function groupsOf(root: string, nodePath = ''): PodGroups {
  return new PodGroups(detectHierarchy(root), nodePath);
}

test.each([
  [`pod${UID}`, UID],
  [`kubepods-pod${SYSTEMD_UID}.slice`, UID],
  [`kubepods-burstable-pod${SYSTEMD_UID}.slice`, UID],
  [`kubelet-kubepods-besteffort-pod${SYSTEMD_UID}.slice`, UID],
  ['kubepods-burstable.slice', undefined],
  ['cri-containerd-0f3a.scope', undefined],
  ['system.slice', undefined],
  ['pod', undefined],
])('the name %s stands for the pod %s', (name, uid) => {
  expect(podUid(name)).toBe(uid);
});

test('pods of every class are found in both of kubelet’s layouts, below the node’s group only', () => {
  const root = temporaryTree(
    treeOf(
      'node-1/kubepods/burstable/podb',
      'node-1/kubepods/besteffort/pode',
      'node-1/kubepods/podg',
      'node-1/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pods_b.slice',
      'node-1/kubepods.slice/kubepods-podsg.slice',
      'node-1/neighbour',
      'node-2/kubepods/podother',
    ),
  );
  const found = groupsOf(root, 'node-1').find();
  expect([...found.keys()].toSorted()).toEqual(['b', 'e', 'g', 's-b', 'sg']);
  expect(found.get('s-b')).toEqual(['node-1/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pods_b.slice']);
});

test.each([
  ['custom/kubepods/burstable/podx', 'kubelet has a cgroup root of its own'],
  ['custom.slice/custom-kubepods.slice/custom-kubepods-podx.slice', 'kubelet has a cgroup root under systemd'],
  [
    'a.slice/a-b.slice/a-b-kubepods.slice/a-b-kubepods-burstable.slice/a-b-kubepods-burstable-podx.slice',
    'kubelet has a cgroup root of two levels under systemd',
  ],
  ['docker/4f2a/kubelet/kubepods/burstable/podx', 'the node is a container of kind'],
  ['system.slice/k3s.service/kubepods/besteffort/podx', 'a system service starts kubelet'],
  ['system.slice/docker-4f2a.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podx.slice', 'both'],
])('a pod is found in %s, where %s', (path) => {
  expect(groupsOf(temporaryTree(treeOf(path))).find()).toEqual(new Map([['x', [path]]]));
});

test('pods of a cluster that runs inside a pod are not this node’s', () => {
  const pod = 'kubepods/burstable/podouter';
  const root = temporaryTree(treeOf(`${pod}/app/kubelet/kubepods/burstable/podinner`));
  expect(groupsOf(root).find()).toEqual(new Map([['outer', [pod]]]));
});

test('a kubelet that is restarted with another driver is noticed with the next look', () => {
  const root = temporaryTree(treeOf('kubepods/burstable/podold'));
  const groups = groupsOf(root);
  groups.find();
  const moved = 'kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podnew.slice';
  writeTree(root, treeOf(moved));
  expect([...groups.find().keys()].toSorted()).toEqual(['new', 'old']);
  rmSync(join(root, 'kubepods'), { recursive: true });
  expect(groups.find()).toEqual(new Map([['new', [moved]]]));
});

test('a kubelet that is restarted with another cgroup root is noticed while its old groups stand', () => {
  const root = temporaryTree(treeOf('kubepods/burstable/podold'));
  const groups = groupsOf(root);
  groups.find();
  writeTree(root, treeOf('custom/kubepods/podnew'));
  for (let look = 0; look < 16; look++) groups.find();
  expect([...groups.find().keys()].toSorted()).toEqual(['new', 'old']);
  rmSync(join(root, 'kubepods'), { recursive: true });
  expect(groups.find()).toEqual(new Map([['new', ['custom/kubepods/podnew']]]));
});

test.each(['burstable/podx', 'podx'])('of a pod’s two groups the one with processes comes first: %s', (living) => {
  const paths = ['kubepods/burstable/podx', 'kubepods/podx'];
  const root = temporaryTree({
    ...treeOf(...paths),
    'kubepods/burstable/podx/cgroup.procs': '',
    'kubepods/podx/cgroup.procs': '',
    [`kubepods/${living}/app/cgroup.procs`]: '4711\n',
  });
  const found = groupsOf(root).find().get('x');
  expect(found?.[0]).toBe(`kubepods/${living}`);
  expect(found?.toSorted()).toEqual(paths);
});

describe('replicas', () => {
  function replicasOf(root: string): { replicas: CgroupReplicas; warnings: string[] } {
    const warnings: string[] = [];
    const replicas = new CgroupReplicas(detectHierarchy(root), groupsOf(root), (why) => warnings.push(why));
    onTestFinished(() => replicas.close());
    replicas.refresh();
    return { replicas, warnings };
  }
  const uids = (replicas: CgroupReplicas): string[] => replicas.sample().map(({ uid }) => uid);

  test('that come and go are noticed with the next refresh', () => {
    const root = temporaryTree(treeOf('kubepods/burstable/poda'));
    const { replicas } = replicasOf(root);
    expect(uids(replicas)).toEqual(['a']);
    writeTree(root, treeOf('kubepods/podb'));
    replicas.refresh();
    expect(uids(replicas)).toEqual(['a', 'b']);
    rmSync(join(root, 'kubepods/burstable/poda'), { recursive: true });
    replicas.refresh();
    expect(uids(replicas)).toEqual(['b']);
  });

  test('a node without a group for pods is told once, with the names that were looked for', () => {
    const root = temporaryTree(treeOf('system.slice/ssh.service'));
    const { replicas, warnings } = replicasOf(root);
    replicas.refresh();
    expect(warnings).toEqual([expect.stringMatching(/no pods found.*kubepods\.slice.*--cgroup-root.*--node-cgroup/)]);
    expect(warnings[0]).toContain(root);
    writeTree(root, treeOf('kubepods/poda'));
    replicas.refresh();
    expect(uids(replicas)).toEqual(['a']);
    expect(warnings).toHaveLength(1);
  });

  test('a node whose kubelet has made its group, and no pod yet, is told nothing', () => {
    expect(replicasOf(temporaryTree(treeOf('kubepods/burstable'))).warnings).toEqual([]);
  });
});
