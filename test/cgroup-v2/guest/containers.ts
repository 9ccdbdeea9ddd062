/** Containers that a real runc starts, as a container runtime has it do. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export type Driver = 'cgroupfs' | 'systemd';

/** CPU of a container as the container runtime puts it into the specification. */
export interface ContainerCpu {
  readonly shares: number;
  /** Microseconds in a period of 100 ms. */
  readonly quota?: number;
}

function writeBundle(bundle: string, cgroupsPath: string, command: string, cpu: ContainerCpu): void {
  for (const folder of ['bin', 'proc', 'sys', 'dev']) mkdirSync(join(bundle, 'rootfs', folder), { recursive: true });
  copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  symlinkSync('busybox', join(bundle, 'rootfs/bin/sh'));
  const specification = {
    ociVersion: '1.0.2',
    process: { cwd: '/', args: ['/bin/sh', '-c', command], env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      cgroupsPath,
      namespaces: [{ type: 'pid' }, { type: 'mount' }],
      resources: { cpu: { ...cpu, ...(cpu.quota !== undefined && { period: 100_000 }) } },
    },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(specification));
}

export const containerCommands = {
  /** @param cgroupsPath in the driver's own notation: `/path/of/group`, or `slice:prefix:name` */
  async startContainer(driver: Driver, id: string, cgroupsPath: string, command: string, cpu: ContainerCpu) {
    const bundle = join('/tmp', id);
    writeBundle(bundle, cgroupsPath, command, cpu);
    const flags = driver === 'systemd' ? ['--systemd-cgroup'] : [];
    // The first file system of a machine cannot be pivoted.
    const log = join(bundle, 'log');
    const run = `runc ${flags.join(' ')} run --no-pivot --detach --bundle ${bundle} ${id} </dev/null >${log} 2>&1`;
    await execute('/bin/sh', ['-c', run]).catch(() => {
      throw new Error(readFileSync(log, 'utf8'));
    });
  },

  /** Resizes a running container, as a container runtime does for kubelet. */
  async updateContainer(driver: Driver, id: string, cpu: ContainerCpu): Promise<void> {
    const flags = driver === 'systemd' ? ['--systemd-cgroup'] : [];
    const quota = ['--cpu-period', '100000', '--cpu-quota', String(cpu.quota ?? -1)];
    await execute('runc', [...flags, 'update', '--cpu-share', String(cpu.shares), ...quota, id]);
  },
};
