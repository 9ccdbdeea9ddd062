/**
 * The directory of one run: configuration, manifests, logs, and the list of its processes. Its name says whose it is,
 * so that a later run finds and removes what one that was killed has left behind.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../machine/processes.ts';

const PREFIX = 'ballast-mesh-';
const PROCESSES = 'processes';

/** Runs are told apart by this, in one process too: `<prefix><pid>-<start time>-<number>`. */
let runs = 0;

/** Name for a run of this process, unique on this machine. */
export function newRunName(): string {
  runs += 1;
  return `${PREFIX}${processIdentity(process.pid)}-${runs}`;
}

/** Is this the name of a run whose process is gone? */
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

  /** A folder in it, made if need be. */
  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Writes down a process, for a later run to end it should this one not be able to. */
  note(pid: number): void {
    const identity = processIdentity(pid);
    if (identity !== undefined) appendFileSync(join(this.path, PROCESSES), `${identity}\n`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Ends the processes of runs whose owner is gone and removes their directories; returns the names of those runs. */
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
    // Ended meanwhile.
  }
}
