/** Where the lab keeps its state: certificates, configuration, what nodes store, and all logs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '../settings.ts';

export class LabFolder {
  readonly path: string;

  constructor(path = stateFolder()) {
    this.path = path;
  }

  /** A folder in it, made if need be. */
  folder(...parts: readonly string[]): string {
    const path = join(this.path, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A file in it, whose folder is made if need be. */
  file(...parts: readonly string[]): string {
    const name = parts.at(-1) ?? '';
    return join(this.folder(...parts.slice(0, -1)), name);
  }

  /** Log of a program on a node. */
  log(node: string, program: string): string {
    return this.file('logs', node, `${program}.log`);
  }

  /** Credentials of the administrator, for kubectl. */
  get kubeconfig(): string {
    return join(this.path, 'kubeconfig');
  }

  /** Removes everything but the logs. */
  clear(): void {
    for (const part of ['pki', 'nodes', 'etcd', 'volumes', 'bin', 'kubeconfig', 'lab.json']) {
      rmSync(join(this.path, part), { recursive: true, force: true });
    }
  }
}

export interface LabRecord {
  /** When it was made, ISO 8601. */
  readonly since: string;
  /** Keys of the image archives that its nodes have. */
  readonly images: readonly string[];
}

/** Undefined when there is no lab, or one whose making was cut short. */
export function readRecord(folder: LabFolder): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(folder.file('lab.json'), 'utf8')) as LabRecord;
  } catch {
    return undefined;
  }
}

export function writeRecord(folder: LabFolder, record: LabRecord): void {
  writeFileSync(folder.file('lab.json'), JSON.stringify(record));
}
