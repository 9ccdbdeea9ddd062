/** Cgroups and the processes in them. Paths are relative to the hierarchy. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const ROOT = '/sys/fs/cgroup';

/** What a process does: all it can, nothing, or all it can by children that end soon. */
const WORK = {
  busy: 'while :; do :; done',
  idle: 'sleep 3600',
  children: "while :; do sh -c 'for i in 1 2 3 4 5 6 7 8 9; do seq 4000 > /dev/null; done'; done",
} as const;

/** Every group up to the root hands the CPU controller down, as kubelet and systemd have it. */
function delegateCpu(path: string): void {
  if (path !== '.') delegateCpu(dirname(path));
  writeFileSync(join(ROOT, path, 'cgroup.subtree_control'), '+cpu');
}

/** systemd removes an empty scope by itself, perhaps at the same time. */
function removeTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(directory, entry.name));
    }
    rmdirSync(directory);
  } catch (error) {
    if (existsSync(directory)) throw error;
  }
}

export const groupCommands = {
  readFile: (path: string, file: string): string => readFileSync(join(ROOT, path, file), 'utf8').trim(),
  writeFile: (path: string, file: string, text: string): void => writeFileSync(join(ROOT, path, file), text),
  exists: (path: string): boolean => existsSync(join(ROOT, path)),

  makeGroup(path: string): void {
    mkdirSync(join(ROOT, dirname(path)), { recursive: true });
    delegateCpu(dirname(path));
    mkdirSync(join(ROOT, path));
  },

  /** Ends all processes in and below a group, and removes it. */
  async destroyGroup(path: string): Promise<void> {
    const directory = join(ROOT, path);
    if (!existsSync(directory)) return;
    writeFileSync(join(directory, 'cgroup.kill'), '1');
    const isPopulated = (): boolean => readFileSync(join(directory, 'cgroup.events'), 'utf8').includes('populated 1');
    while (existsSync(directory) && isPopulated()) await wait(10);
    removeTree(directory);
  },

  /** Starts a process on one CPU in a group; returns its id. */
  async startProcess(path: string, work: keyof typeof WORK, cpu = 0): Promise<number> {
    const loop = WORK[work];
    const script = `echo $$ > ${join(ROOT, path, 'cgroup.procs')} && exec taskset ${1 << cpu} /bin/sh -c "${loop}"`;
    const child = spawn('/bin/sh', ['-c', script], { stdio: 'inherit' });
    if (child.pid === undefined) throw new Error('no process could be started');
    const isIn = (): boolean =>
      readFileSync(join(ROOT, path, 'cgroup.procs'), 'utf8')
        .split('\n')
        .includes(String(child.pid));
    while (!isIn()) await wait(10);
    return child.pid;
  },

  moveProcess: (pid: number, path: string): void => writeFileSync(join(ROOT, path, 'cgroup.procs'), String(pid)),

  /** Has systemd make a slice with these properties. */
  async startSlice(slice: string, ...properties: string[]): Promise<void> {
    mkdirSync('/run/systemd/system', { recursive: true });
    writeFileSync(`/run/systemd/system/${slice}`, ['[Slice]', ...properties, ''].join('\n'));
    await execute('systemctl', ['start', slice]);
  },

  async changeSlice(slice: string, ...properties: string[]): Promise<void> {
    await execute('systemctl', ['set-property', '--runtime', slice, ...properties]);
  },

  /** A slice whose group is gone is made again with the next change, so it must be stopped, too. */
  async stopSlice(slice: string): Promise<void> {
    await execute('systemctl', ['stop', slice]);
  },
};
