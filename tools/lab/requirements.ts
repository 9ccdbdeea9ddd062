/** The requirements of the lab, checked before it changes anything on the machine. */
import { BallastError } from '../../contract/errors.ts';
import { findCgroups } from '../machine/cgroup-mounts.ts';
import { LabCgroups } from './node/cgroups.ts';
import { tryRun } from '../machine/command.ts';

const TOOLS: Readonly<Record<string, readonly string[]>> = {
  iproute2: ['ip', '-Version'],
  'util-linux': ['unshare', '--version'],
  procps: ['sysctl', '--version'],
  openssl: ['openssl', 'version'],
};

/** @throws BallastError MISSING_TOOL or NO_CPU_SOURCE if this is not Linux, not root, or lacks a tool or a right */
export async function requireLabMachine(): Promise<void> {
  if (process.platform !== 'linux') {
    throw new BallastError('MISSING_TOOL', `the lab needs Linux, and this is ${process.platform}`);
  }
  if (process.getuid?.() !== 0) {
    throw new BallastError('MISSING_TOOL', 'the lab needs root, for control groups and network namespaces (sudo)');
  }
  for (const [tool, [command = tool, ...args]] of Object.entries(TOOLS)) {
    if ((await tryRun(command, args)) !== undefined) continue;
    throw new BallastError('MISSING_TOOL', `the lab needs ${command} (package ${tool})`);
  }
  if ((await tryRun('unshare', ['--mount', '--net', '--pid', '--fork', 'true'])) === undefined) {
    throw new BallastError(
      'MISSING_TOOL',
      'the lab needs the right to make namespaces, which a container may not have',
    );
  }
  LabCgroups.find();
  const cgroups = findCgroups();
  if (!cgroups.ok) throw new BallastError(cgroups.failure.code, cgroups.failure.message);
}
