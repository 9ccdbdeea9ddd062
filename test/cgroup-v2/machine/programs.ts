/** What the virtual machine is made of: QEMU, and Debian's kernel, systemd and runc. All of it comes from packages. */
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';
import { ensurePackages } from '../../../tools/install/debian-packages.ts';
import { run, tryRun } from '../../../tools/machine/command.ts';

const QEMU = 'qemu-system-x86_64';
const QEMU_PACKAGES = ['qemu-system-x86'];
/** `libstdc++6` is for Node; the machine has a C library of its own. */
const GUEST_PACKAGES = ['linux-image-cloud-amd64', 'systemd', 'runc', 'busybox-static', 'libstdc++6'];

export interface MachinePrograms {
  readonly qemu: { readonly command: string; readonly flags: readonly string[]; readonly env: NodeJS.ProcessEnv };
  readonly kernel: string;
  /** Folder with the files of the guest's packages. Its name changes with the packages. */
  readonly guest: string;
}

/** The installed QEMU, or else one that is unpacked, which must be told where its libraries and its firmware are. */
async function ensureQemu(): Promise<MachinePrograms['qemu']> {
  if ((await tryRun(QEMU, ['--version'])) !== undefined) return { command: QEMU, flags: [], env: {} };
  const root = await ensurePackages(QEMU_PACKAGES, 'missing');
  const libraries = await Array.fromAsync(glob('{usr/,}lib/x86_64-linux-gnu', { cwd: root }));
  const firmware = ['qemu', 'seabios'].flatMap((name) => ['-L', join(root, 'usr/share', name)]);
  const env = { LD_LIBRARY_PATH: libraries.map((folder) => join(root, folder)).join(':') };
  const command = join(root, 'usr/bin', QEMU);
  await run(command, ['--version'], { env: { ...process.env, ...env } });
  return { command, flags: firmware, env };
}

/**
 * Downloads what is missing, which takes a minute once per machine.
 * @throws BallastError MISSING_TOOL where this machine cannot run the virtual one, with the reason
 */
export async function ensureMachinePrograms(): Promise<MachinePrograms> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const machine = `${process.platform} on ${process.arch}`;
    throw new BallastError('MISSING_TOOL', `the virtual machine needs Linux on x64, and this is ${machine}`);
  }
  try {
    const qemu = await ensureQemu();
    const guest = await ensurePackages(GUEST_PACKAGES, 'all');
    const [kernel] = await Array.fromAsync(glob('boot/vmlinuz-*', { cwd: guest }));
    if (kernel === undefined) throw new BallastError('MISSING_TOOL', `no kernel is in the packages ${guest}`);
    return { qemu, kernel: join(guest, kernel), guest };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `QEMU and a Debian kernel are neither installed nor to be had by apt-get (${why})`;
    throw new BallastError('MISSING_TOOL', message, { cause });
  }
}
