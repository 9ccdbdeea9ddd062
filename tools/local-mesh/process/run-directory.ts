/**
 * The directory of one run: configuration, manifests, logs, and the list of its processes. Its name identifies the
 * process that owns it, so that a later run can remove the remains of a killed one.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../machine/processes.ts';

const PREFIX = 'ballast-mesh-';
const PROCESSES = 'processes';

/** Numbers the runs of this process. The name of a run is `<prefix><pid>-<start time>-<number>`. */
let runs = 0;

/** A name for a run of this process, unique on this machine. */
export function newRunName(): string {
  runs += 1;
  return `${PREFIX}${processIdentity(process.pid)}-${runs}`;
}

/** Whether this is the name of a run whose process has ended. */
export function isDeadRun(name: string): boolean {
  const owner = new RegExp(`^${PREFIX}((\\d+)-\\d+)-\\d+$`).exec(name);
  return owner !== null && processIdentity(Number(owner[2])) !== owner[1];
}

export class RunDirectory {
  readonly name: string;
  readonly path: string;

  constructor(name: string, base = tmpdir()) {
    this.name = name;
    this.path = join(base, name);
    mkdirSync(this.path, { recursive: true });
  }

  /** A folder in it, which is made if it is missing. */
  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Records a process, so that a later run can end it if this one is killed. */
  note(pid: number): void {
    const identity = processIdentity(pid);
    if (identity !== undefined) appendFileSync(join(this.path, PROCESSES), `${identity}\n`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Kills the processes of runs whose owner has ended and removes their directories. Returns the names of these runs. */
export function removeDeadRuns(base = tmpdir()): string[] {
  const dead = readdirSync(base).filter(isDeadRun);
  for (const name of dead) {
    const list = join(base, name, PROCESSES);
    const identities = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
    for (const identity of identities) endProcess(identity);
    rmSync(join(base, name), { recursive: true, force: true });
  }
  return dead;
}

function endProcess(identity: string): void {
  const pid = Number.parseInt(identity, 10);
  if (Number.isNaN(pid) || processIdentity(pid) !== identity) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
