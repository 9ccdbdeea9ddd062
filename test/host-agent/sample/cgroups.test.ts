import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CgroupReplicas } from '../../../host-agent/sample/cgroup-replicas.ts';
import { detectHierarchy } from '../../../host-agent/sample/detect-hierarchy.ts';
import { GroupNode } from '../../../host-agent/sample/node-sources.ts';
import { PodGroups } from '../../../host-agent/sample/pod-groups.ts';
import { MachineCpu } from '../../../host-agent/sample/proc-stat.ts';
import { temporaryTree, type Tree, writeTree } from '../support/tree.ts';

const UID = '0b6e5a1c-1f0d-4f3e-9c39-5d1f2a7b8c90';
const BURSTABLE = `kubepods/burstable/pod${UID}`;
const GUARANTEED = `kubepods/pod${UID}`;
const PROC_STAT = 'cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 5 0 5 50 0 0 0 0 0 0\ncpu1 5 0 5 50 0 0 0 0 0 0\nintr 1\n';

/** Files of a group on a kernel with the unified hierarchy. */
function unified(path: string, usage: number, throttled: number, quota = 'max 100000'): Tree {
  return {
    [`${path}/cpu.stat`]:
      `usage_usec ${usage}\nuser_usec 400\nsystem_usec 100\nnice_usec 0\ncore_sched.force_idle_usec 0\n` +
      `nr_periods 12\nnr_throttled 3\nthrottled_usec ${throttled}\nnr_bursts 0\nburst_usec 0\n`,
    [`${path}/cpu.max`]: `${quota}\n`,
  };
}

/** The same of the separate controllers. */
function controllers(path: string, usage: number, throttled: number, quota = -1): Tree {
  return {
    [`cpuacct/${path}/cpuacct.usage`]: `${usage}\n`,
    [`cpu/${path}/cpu.stat`]: `nr_periods 7\nnr_throttled 2\nthrottled_time ${throttled}\nnr_bursts 0\nburst_time 0\n`,
    [`cpu/${path}/cpu.cfs_quota_us`]: `${quota}\n`,
    [`cpu/${path}/cpu.cfs_period_us`]: '10000\n',
  };
}

const UNIFIED_ROOT: Tree = { 'cgroup.controllers': 'cpuset cpu io memory pids\n', 'cpu.stat': 'usage_usec 1\n' };
const CONTROLLERS_ROOT: Tree = {
  'cpuacct/cpuacct.usage': '0\n',
  'cpu/cpu.stat': 'nr_periods 0\n',
  'cpuset/cpuset.cpus': '0-1\n',
};

function replicasOf(root: string): CgroupReplicas {
  const hierarchy = detectHierarchy(root);
  const replicas = new CgroupReplicas(hierarchy, new PodGroups(hierarchy, ''), () => undefined);
  onTestFinished(() => replicas.close());
  replicas.refresh();
  return replicas;
}

function cpuSecondsOf(replicas: CgroupReplicas): (number | undefined)[] {
  return replicas.sample().map(({ cpuSeconds }) => cpuSeconds);
}

describe('detection', () => {
  test('the unified hierarchy', () => {
    expect(detectHierarchy(temporaryTree(UNIFIED_ROOT)).version).toBe('v2');
  });

  test('separate controllers, with an empty unified hierarchy beside them', () => {
    const root = temporaryTree({ ...CONTROLLERS_ROOT, 'unified/cgroup.controllers': 'hugetlb\n' });
    expect(detectHierarchy(root).version).toBe('v1');
  });

  test('cpu and cpuacct mounted as one', () => {
    const root = temporaryTree({ 'cpu,cpuacct/cpuacct.usage': '5\n', 'cpu,cpuacct/cpu.stat': 'nr_periods 0\n' });
    expect(detectHierarchy(root).directory('x')).toBe(join(root, 'cpu,cpuacct/x'));
  });

  test('a hybrid machine whose CPU controller is in the unified hierarchy', () => {
    const root = temporaryTree({ 'unified/cgroup.controllers': 'cpu memory\n', 'pids/tasks': '' });
    expect(detectHierarchy(root).directory('')).toBe(join(root, 'unified'));
  });

  test('nothing there is an error that names the flag', () => {
    expect(() => detectHierarchy(temporaryTree({}))).toThrow('--cgroup-root');
  });
});

describe('counters', () => {
  test('of the unified hierarchy, in seconds', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, ...unified(BURSTABLE, 5_000_000, 100_000, '50000 100000') });
    const replicas = replicasOf(root);
    replicas.sample();
    writeTree(root, unified(BURSTABLE, 5_250_000, 110_000, '50000 100000'));
    expect(replicas.sample()).toEqual([{ uid: UID, cpuSeconds: 0.25, throttledSeconds: 0.01, limitCores: 0.5 }]);
  });

  test('of the separate controllers, in seconds', () => {
    const root = temporaryTree({ ...CONTROLLERS_ROOT, ...controllers(BURSTABLE, 7e9, 1e9, 3500) });
    const replicas = replicasOf(root);
    replicas.sample();
    writeTree(root, controllers(BURSTABLE, 7.5e9, 1.25e9, 3500));
    expect(replicas.sample()).toEqual([{ uid: UID, cpuSeconds: 0.5, throttledSeconds: 0.25, limitCores: 0.35 }]);
  });

  test('a limit that is set or taken away later is noticed', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, ...unified(BURSTABLE, 1, 0) });
    const replicas = replicasOf(root);
    expect(replicas.sample()[0]).not.toHaveProperty('limitCores');
    writeTree(root, unified(BURSTABLE, 1, 0, '200000 100000'));
    replicas.refresh();
    expect(replicas.sample()[0]?.limitCores).toBe(2);
    writeTree(root, unified(BURSTABLE, 1, 0));
    replicas.refresh();
    expect(replicas.sample()[0]).not.toHaveProperty('limitCores');
  });

  test.each(['', 'usage_usec\n', 'usage_usec abc\nthrottled_usec -5\n', '\0\0\0', 'usage_usec 3'])(
    'contents %j in between change nothing for good',
    (garbage) => {
      const root = temporaryTree({ ...UNIFIED_ROOT, ...unified(BURSTABLE, 1_000_000, 10) });
      const replicas = replicasOf(root);
      replicas.sample();
      writeTree(root, { [`${BURSTABLE}/cpu.stat`]: garbage });
      replicas.refresh();
      expect(replicas.sample()).toEqual([{ uid: UID, cpuSeconds: 0, throttledSeconds: 0 }]);
      writeTree(root, unified(BURSTABLE, 1_000_000, 10));
      replicas.sample();
      writeTree(root, unified(BURSTABLE, 1_500_000, 10));
      const [after] = replicas.sample();
      expect(after?.cpuSeconds).toBeGreaterThanOrEqual(0.5);
      expect(after?.cpuSeconds).toBeLessThan(2);
    },
  );

  test('a group without its CPU file is left out, not reported as idle', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, [`${BURSTABLE}/cpu.max`]: 'max 100000\n' });
    const replicas = replicasOf(root);
    expect(replicas.sample()).toEqual([]);
    writeTree(root, unified(BURSTABLE, 1, 0));
    replicas.refresh();
    expect(replicas.sample()).toHaveLength(1);
  });
});

describe('the counters of one pod', () => {
  test('go on when its group moves', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, ...unified(BURSTABLE, 5_000_000, 1000) });
    const replicas = replicasOf(root);
    replicas.sample();
    writeTree(root, unified(BURSTABLE, 9_000_000, 2000));
    replicas.sample();
    rmSync(join(root, BURSTABLE), { recursive: true });
    writeTree(root, unified(GUARANTEED, 100_000, 0));
    replicas.refresh();
    expect(replicas.sample()).toEqual([{ uid: UID, cpuSeconds: 4, throttledSeconds: 0.001 }]);
    writeTree(root, unified(GUARANTEED, 600_000, 0));
    expect(cpuSecondsOf(replicas)).toEqual([4.5]);
  });

  test('go on when its group is made anew under the same name', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, ...unified(BURSTABLE, 5_000_000, 0) });
    const replicas = replicasOf(root);
    replicas.sample();
    writeTree(root, unified(BURSTABLE, 8_000_000, 0));
    replicas.sample();
    rmSync(join(root, BURSTABLE), { recursive: true });
    replicas.refresh();
    expect(replicas.sample()).toEqual([]);
    writeTree(root, unified(BURSTABLE, 7000, 0));
    replicas.refresh();
    expect(cpuSecondsOf(replicas)).toEqual([3]);
    writeTree(root, unified(BURSTABLE, 1_007_000, 0));
    expect(cpuSecondsOf(replicas)).toEqual([4]);
  });

  test.each([
    ['after', BURSTABLE, GUARANTEED],
    ['before', GUARANTEED, BURSTABLE],
  ])('rise with its living group when a dead one is listed %s it', (_, living, dead) => {
    const tree = { ...unified(living, 1_000_000, 0, '50000 100000'), ...unified(dead, 70_000_000, 0) };
    const root = temporaryTree({ ...UNIFIED_ROOT, ...tree, [`${living}/cgroup.procs`]: '17\n' });
    const replicas = replicasOf(root);
    replicas.sample();
    writeTree(root, unified(living, 3_000_000, 0, '50000 100000'));
    replicas.refresh();
    expect(replicas.sample()).toEqual([{ uid: UID, cpuSeconds: 2, throttledSeconds: 0, limitCores: 0.5 }]);
    rmSync(join(root, dead), { recursive: true });
    replicas.refresh();
    expect(cpuSecondsOf(replicas)).toEqual([2]);
  });

  test('never fall, whichever of its groups come, go and begin at zero', () => {
    const step = fc.record({ path: fc.constantFrom(BURSTABLE, GUARANTEED), usage: fc.option(fc.nat(1e7)) });
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean())), (steps) => {
        const root = temporaryTree(UNIFIED_ROOT);
        const replicas = replicasOf(root);
        let before = 0;
        for (const [{ path, usage }, isRefreshed] of steps) {
          if (usage === null) rmSync(join(root, path), { recursive: true, force: true });
          else writeTree(root, unified(path, usage, 0));
          if (isRefreshed) replicas.refresh();
          const [now = before] = cpuSecondsOf(replicas);
          expect(now).toBeGreaterThanOrEqual(before ?? 0);
          before = now;
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a group as the node', () => {
  function nodeOf(tree: Tree): ReturnType<GroupNode['sample']> {
    const root = temporaryTree({ ...tree, stat: PROC_STAT });
    const node = new GroupNode(detectHierarchy(root), 'ballast/node-1', new MachineCpu(join(root, 'stat')));
    node.refresh();
    node.sample();
    writeTree(root, unified('ballast/node-1', 3_000_000, 0, '35000 100000'));
    writeTree(root, { 'cpuacct/ballast/node-1/cpuacct.usage': '3000000000\n' });
    const sample = node.sample();
    node.close();
    return sample;
  }

  test('has its quota as cores', () => {
    const tree = { ...UNIFIED_ROOT, ...unified('ballast/node-1', 1_000_000, 0, '35000 100000') };
    expect(nodeOf(tree)).toEqual({ cores: 0.35, busySeconds: 2, stealSeconds: 0 });
  });

  test('that is made anew does not make the counter fall', () => {
    const root = temporaryTree({ ...UNIFIED_ROOT, ...unified('node', 1_000_000, 0), stat: PROC_STAT });
    const node = new GroupNode(detectHierarchy(root), 'node', new MachineCpu(join(root, 'stat')));
    node.refresh();
    node.sample();
    writeTree(root, unified('node', 3_000_000, 0));
    expect(node.sample()?.busySeconds).toBe(2);
    writeTree(root, unified('node', 5, 0));
    expect(node.sample()?.busySeconds).toBe(2);
    node.close();
    expect(node.sample()).toBeUndefined();
    expect(node.sample()?.busySeconds).toBe(2);
    writeTree(root, unified('node', 1_000_005, 0));
    expect(node.sample()?.busySeconds).toBe(3);
    node.close();
  });

  test('has the CPUs it is pinned to', () => {
    const tree = {
      ...CONTROLLERS_ROOT,
      ...controllers('ballast/node-1', 1e9, 0),
      'cpuset/ballast/node-1/cpuset.cpus': '1\n',
    };
    expect(nodeOf(tree)?.cores).toBe(1);
  });

  test('follows a change of its CPUs within a few looks, and of its quota with the next', () => {
    const tree = { ...CONTROLLERS_ROOT, ...controllers('node', 1e9, 0), 'cpuset/node/cpuset.cpus': '0-1\n' };
    const root = temporaryTree({ ...tree, stat: PROC_STAT });
    const node = new GroupNode(detectHierarchy(root), 'node', new MachineCpu(join(root, 'stat')));
    node.refresh();
    expect(node.sample()?.cores).toBe(2);
    writeTree(root, { 'cpuset/node/cpuset.cpus': '1\n' });
    for (let look = 0; look < 4; look++) node.refresh();
    expect(node.sample()?.cores).toBe(1);
    writeTree(root, controllers('node', 1e9, 0, 5000));
    node.refresh();
    expect(node.sample()?.cores).toBe(0.5);
    node.close();
  });

  test('has the machine’s CPUs when neither bounds it, an unset cpuset included', () => {
    const tree = {
      ...CONTROLLERS_ROOT,
      ...controllers('ballast/node-1', 1e9, 0),
      'cpuset/ballast/node-1/cpuset.cpus': '\n',
    };
    expect(nodeOf(tree)?.cores).toBe(2);
  });
});
