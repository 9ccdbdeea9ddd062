/** The lab's state on disk: certificates, configuration, the nodes' disks, logs, and a record of the lab. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pair } from '../../install/versions.ts';
import { KUBECTL_CACHE, stateFolder } from '../settings.ts';

export class LabFolder {
  readonly path: string;

  constructor(path = stateFolder()) {
    this.path = path;
  }

  /** A folder in it, which is made if it is missing. */
  folder(...parts: readonly string[]): string {
    const path = join(this.path, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A file in it, whose folder is made if it is missing. */
  file(...parts: readonly string[]): string {
    const name = parts.at(-1) ?? '';
    return join(this.folder(...parts.slice(0, -1)), name);
  }

  /** Log of a program on a node. */
  log(node: string, program: string): string {
    return this.file('logs', node, `${program}.log`);
  }

  /** The administrator's credentials, for kubectl. */
  get kubeconfig(): string {
    return join(this.path, 'kubeconfig');
  }

  /** Removes everything but the logs. */
  clear(): void {
    for (const part of ['pki', 'nodes', 'etcd', 'volumes', 'bin', 'kubeconfig', KUBECTL_CACHE, 'lab.json']) {
      rmSync(join(this.path, part), { recursive: true, force: true });
    }
  }
}

export interface LabRecord extends Pair {
  /** Time of its start, ISO 8601. */
  readonly since: string;
  /** Keys of the image archives that its nodes have. */
  readonly images: readonly string[];
}

/** The record of the lab; undefined if there is no lab, its start was interrupted, or an older checkout started it. */
export function readRecord(folder: LabFolder): LabRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(folder.file('lab.json'), 'utf8')) as Partial<LabRecord>;
    return record.kubernetes === undefined ? undefined : (record as LabRecord);
  } catch {
    return undefined;
  }
}

export function writeRecord(folder: LabFolder, record: LabRecord): void {
  writeFileSync(folder.file('lab.json'), JSON.stringify(record));
}
