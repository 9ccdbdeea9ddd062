/** The file system of the virtual machine: the packages' programs, Node, this checkout's code and what starts it. */
import { glob, lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { applicationFiles, CHECKOUT } from '../../../tools/images/build-images.ts';
import { type ArchiveEntry, writeArchive } from './archive.ts';

/** Not needed to run the programs; without them the machine boots in half the time. */
const LEFT_OUT =
  /^(?:boot|var|(?:usr\/)?lib\/(?:modules|udev|systemd\/system)|usr\/(?:share|include|src|games))(?:\/|$)/;
const APPLETS = ['sh', 'mount', 'mkdir', 'cat', 'sleep', 'poweroff', 'stty', 'sed', 'ip', 'taskset', 'seq'];
const EMPTY_FOLDERS = ['/proc', '/sys', '/dev', '/run', '/tmp', '/root'];

/** The program that answers the tests, and the agent. Both are the code that the images hold. */
const MODULES = ['test/cgroup-v2/guest/main.ts', 'host-agent/main.ts'] as const;
const APP = '/app';

/** systemd starts this and nothing else. The serial line must pass bytes as they are. */
const SERVICE = `[Unit]
DefaultDependencies=no
[Service]
Environment=PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root NO_COLOR=1
WorkingDirectory=${APP}
ExecStartPre=/bin/mount -t tmpfs tmpfs /tmp
ExecStartPre=/bin/ip link set lo up
ExecStartPre=/bin/stty -F /dev/ttyS1 raw -echo
ExecStart=/bin/node ${APP}/test/cgroup-v2/guest/main.js /dev/ttyS1
ExecStopPost=/bin/poweroff -f
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
`;
const TARGET = `[Unit]
DefaultDependencies=no
Requires=ballast-test.service
`;

async function packageEntries(guest: string): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for await (const path of glob('**/*', { cwd: guest })) {
    if (LEFT_OUT.test(path)) continue;
    const source = join(guest, path);
    const status = await lstat(source);
    if (status.isSymbolicLink()) entries.push({ path, linkTo: await readlink(source) });
    else if (status.isDirectory()) entries.push({ path, folder: true });
    else entries.push({ path, copyOf: source, mode: status.mode & 0o777 });
  }
  return entries;
}

function ownEntries(): ArchiveEntry[] {
  return [
    ...EMPTY_FOLDERS.map((path) => ({ path, folder: true as const })),
    ...APPLETS.map((name) => ({ path: `/bin/${name}`, linkTo: 'busybox' })),
    { path: '/bin/node', copyOf: process.execPath, mode: 0o755 },
    { path: '/init', linkTo: 'lib/systemd/systemd' },
    { path: '/etc/machine-id', content: `${'0'.repeat(31)}1\n` },
    { path: '/etc/systemd/system/ballast-test.service', content: SERVICE },
    { path: '/etc/systemd/system/default.target', content: TARGET },
  ];
}

async function checkoutEntries(): Promise<ArchiveEntry[]> {
  const files = await applicationFiles({ name: 'cgroup-v2', modules: MODULES });
  return [...files].map(([file, content]) => {
    const path = join(APP, file);
    return content === undefined ? { path, copyOf: join(CHECKOUT, file) } : { path, content };
  });
}

/** Writes the archive that the kernel boots from. */
export async function writeFileSystem(guest: string, file: string): Promise<void> {
  const seen = new Set<string>();
  const entries = [...ownEntries(), ...(await packageEntries(guest)), ...(await checkoutEntries())];
  // What comes first replaces a package's file of the same name.
  await writeArchive(
    file,
    entries.filter(({ path }) => {
      const key = path.replace(/^\/+/, '');
      return !seen.has(key) && seen.add(key);
    }),
  );
}
