/** The demo's command as a person runs it, ended by Ctrl-C before it is through. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findCgroups } from '../../../tools/machine/cgroup-mounts.ts';
import { processIdentity } from '../../../tools/machine/processes.ts';

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly pid: number;
}

/** Runs the command; `interruptAt` sends Ctrl-C once the output holds it. */
function demo(flags: readonly string[], interruptAt?: string): Promise<Ended> {
  const child = spawn(process.execPath, ['tools/local-mesh/main.ts', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let interrupted = false;
  const take = (data: Buffer) => {
    output += data.toString();
    if (interruptAt === undefined || interrupted || !output.includes(interruptAt)) return;
    interrupted = true;
    child.kill('SIGINT');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, output, pid: child.pid ?? 0 })));
}

/** Run directories and cgroups of a mesh that this process has started; a cgroup with a process in it cannot go. */
function leftOf(pid: number): string[] {
  const run = `ballast-mesh-${pid}-`;
  const cgroups = findCgroups();
  return [...readdirSync(tmpdir()), ...(cgroups.ok ? cgroups.value.children('') : [])].filter((name) =>
    name.startsWith(run),
  );
}

describe('npm run demo', () => {
  it('explains its flags, and what is wrong with one', async () => {
    const help = await demo(['--help']);
    expect(help.code).toBe(0);
    for (const flag of ['--app', '--rate', '--rounds', '--phase-seconds', '--routing', '--json', '--keep', '--out']) {
      expect(help.output).toContain(flag);
    }
    const wrong = await demo(['--phase-seconds', '2']);
    expect(wrong.code).not.toBe(0);
    expect(wrong.output).toContain('Must be a whole number from 5 to 3600');
    const unknown = await demo(['--app', 'spa']);
    expect(unknown.code).not.toBe(0);
    expect(unknown.output).toContain('hotel-reservation');
  });

  it('leaves nothing behind when it is interrupted under load', async () => {
    const { pid } = await demo([], 'Application: serves');
    expect(processIdentity(pid)).toBeUndefined();
    expect(leftOf(pid)).toEqual([]);
  });
});
