/** CPU time, memory and affinity of a process, from the kernel. Linux only. */
import { execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** CPU time of all threads so far, nanoseconds, as the scheduler counts it. */
export async function cpuNanoseconds(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    threads.map(async (thread) =>
      Number((await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')[0]),
    ),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

/** Memory that the process holds in RAM, MB (2^20 bytes). */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS: is the process gone?`);
  return Number(kilobytes) / 1024;
}

/** Binds all threads of a process, and those that they start, to one core. */
export async function pin(pid: number, core: number): Promise<void> {
  await promisify(execFile)('taskset', ['-acp', String(core), String(pid)]);
}

/** Spins while process `$1` exists. */
const SPIN = 'while kill -0 "$1"; do i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; done';

/**
 * Keeps a core from falling asleep, with a process of the lowest priority. A core that sleeps between requests wakes
 * with cold caches, and on a virtual machine when its host decides: the costs would be the machine's, not the proxy's.
 */
export function keepAwake(core: number): Disposable {
  const command = ['--idle', '0', 'taskset', '--cpu-list', String(core), 'sh', '-c', SPIN, 'sh', String(process.pid)];
  const spinner = spawn('chrt', command, { stdio: 'ignore' });
  return { [Symbol.dispose]: () => void spinner.kill() };
}
