/** A virtual machine: boots from an archive, and takes commands over a serial line that is a socket here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BallastError } from '../../../contract/errors.ts';
import { READY } from '../guest/protocol.ts';
import { writeFileSystem } from './file-system.ts';
import { ensureMachinePrograms, type MachinePrograms } from './programs.ts';

/** The boot takes seconds, since the processor is emulated, and minutes while the host does much else. */
const MAX_BOOT_MS = 300_000;

export interface Machine {
  /** Folder with the machine's files, see `lineOf` and `consoleOf`. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Socket of the serial line that takes commands. */
export function lineOf(folder: string): string {
  return join(folder, 'line');
}

/** What the machine has printed so far. */
export function consoleOf(folder: string): string {
  return readFileSync(join(folder, 'console'), 'utf8');
}

function boot({ qemu, kernel }: MachinePrograms, folder: string): ChildProcess {
  const flags = [
    ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '2048'],
    ['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${join(folder, 'console')}`],
    ['-chardev', `socket,id=line,path=${lineOf(folder)},server=on,wait=off`, '-serial', 'chardev:line'],
    ['-kernel', kernel, '-initrd', join(folder, 'file-system')],
    ['-append', 'console=ttyS0 panic=1 quiet mitigations=off systemd.show_status=0 systemd.log_level=warning'],
  ].flat();
  return spawn(qemu.command, [...qemu.flags, ...flags], {
    env: { ...process.env, ...qemu.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Resolves when the machine takes commands. */
export async function startMachine(): Promise<Machine> {
  const programs = await ensureMachinePrograms();
  const folder = await mkdtemp(join(tmpdir(), 'ballast-machine-'));
  await writeFile(join(folder, 'console'), '');
  await writeFileSystem(programs.guest, join(folder, 'file-system'));
  const child = boot(programs, folder);
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const until = Date.now() + MAX_BOOT_MS;
  while (!consoleOf(folder).includes(READY)) {
    if (child.exitCode !== null || Date.now() > until) {
      const printed = consoleOf(folder);
      await stop();
      throw new BallastError('COMMAND_FAILED', `the virtual machine did not come up; it printed: ${printed}`);
    }
    await wait(100);
  }
  return { folder, stop };
}
