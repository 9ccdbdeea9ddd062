/** What a DaemonSet's agent finds where the node's cgroups are mounted into its container. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { openSources, type Sources } from '../../../host-agent/sample/open-sources.ts';
import { temporaryTree, type Tree } from '../support/tree.ts';

const UID = '0b6e5a1c-1f0d-4f3e-9c39-5d1f2a7b8c90';

const V1_POD: Tree = {
  [`cpuacct/kubepods/burstable/pod${UID}/cpuacct.usage`]: '4000000000\n',
  [`cpu/kubepods/burstable/pod${UID}/cpu.stat`]: 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
};
const V1_ROOT: Tree = {
  'cpuacct/cpuacct.usage': '9000000000\n',
  'cpu/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
  'cpuset/cpuset.cpus': '0\n',
};

/** Of a node that is itself a container, as kind makes them. */
const V2_CONTAINER: Tree = {
  'cgroup.controllers': 'cpuset cpu io memory pids\n',
  'cgroup.type': 'domain\n',
  'cpu.stat': 'usage_usec 9000000\n',
  'cpu.max': '50000 100000\n',
};

function open(tree: Tree): { sources: Sources; cores: number | undefined; pods: string[] } {
  const cgroupRoot = temporaryTree(tree);
  const sources = openSources({ cgroupRoot, nodeCgroup: undefined, processes: undefined, cpus: undefined }, () => {});
  sources.node.refresh();
  sources.replicas.refresh();
  const result = {
    sources,
    cores: sources.node.sample()?.cores,
    pods: sources.replicas.sample().map(({ uid }) => uid),
  };
  sources.node.close();
  sources.replicas.close();
  return result;
}

test('a machine with separate controllers has all its CPUs', () => {
  const { cores, pods } = open({ ...V1_ROOT, ...V1_POD, 'cpu/release_agent': '\n' });
  expect(cores).toBe(availableParallelism());
  expect(pods).toEqual([UID]);
});

test('a machine with the unified hierarchy has all its CPUs', () => {
  const { cores } = open({ 'cgroup.controllers': 'cpu memory\n', 'cpu.stat': 'usage_usec 1\n' });
  expect(cores).toBe(availableParallelism());
});

test('a container that stands for a node has its quota, by separate controllers', () => {
  const quota: Tree = { 'cpu/cpu.cfs_quota_us': '3500\n', 'cpu/cpu.cfs_period_us': '10000\n' };
  const { cores, pods } = open({ ...V1_ROOT, ...V1_POD, ...quota });
  expect(cores).toBe(0.35);
  expect(pods).toEqual([UID]);
});

test('a container that stands for a node has its quota, by the unified hierarchy, and kubelet may have a root of its own', () => {
  const slice = `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice`;
  const pod = `${slice}/kubelet-kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
  const { cores, pods } = open({ ...V2_CONTAINER, [`${pod}/cpu.stat`]: 'usage_usec 4\nthrottled_usec 0\n' });
  expect(cores).toBe(0.5);
  expect(pods).toEqual([UID]);
});

test('a container without a quota has the CPUs that it may run on', () => {
  const { cores } = open({ ...V2_CONTAINER, 'cpu.max': 'max 100000\n', 'cpuset.cpus.effective': '1\n' });
  expect(cores).toBe(1);
});
