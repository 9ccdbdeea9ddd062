import { expect, test } from 'vitest';
import { parseHierarchies } from '../../../tools/lab/node/cgroups.ts';

const MOUNTINFO = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
31 30 0:26 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
32 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
33 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
34 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:4 - cgroup cgroup rw,memory
`;

test('hierarchies are found with what mounts them again: several controllers in one, and none in a named one', () => {
  expect(parseHierarchies(MOUNTINFO)).toEqual([
    { mountPoint: '/sys/fs/cgroup/systemd', controllers: [], options: 'none,name=systemd' },
    { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'], options: 'cpu,cpuacct' },
    { mountPoint: '/sys/fs/cgroup/memory', controllers: ['memory'], options: 'memory' },
  ]);
});
