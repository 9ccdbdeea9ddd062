/** Replicas by a file that names their processes: `{"<pod uid>": [pid, …], …}`. For machines on which Ballast can make no cgroups. */
import { readFileSync, statSync } from 'node:fs';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ReplicaCpu } from '../../contract/report.ts';
import { ProcessTree } from './process-tree.ts';
import type { ReplicaSource } from './sources.ts';

const ProcessList = Compile(
  Type.Record(Type.String({ pattern: '^.{1,253}$' }), Type.Array(Type.Integer({ minimum: 1 })), {
    additionalProperties: false,
  }),
);

export class ProcessReplicas implements ReplicaSource {
  #path: string;
  #proc: string;
  #warn: (why: string) => void;
  #lastRead = '';
  #trees = new Map<string, ProcessTree>();

  /** @param warn hears once of each content that is no list of processes; the list before it stays in use */
  constructor(path: string, warn: (why: string) => void, proc = '/proc') {
    this.#path = path;
    this.#warn = warn;
    this.#proc = proc;
  }

  refresh(): void {
    this.#readList();
    for (const tree of this.#trees.values()) tree.refresh();
  }

  #readList(): void {
    let list: unknown;
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#lastRead) return;
      this.#lastRead = version;
      list = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // The file may come later; one that is half written is read again when its modification time changes.
      if (error instanceof SyntaxError) this.#warn(`--processes: ${this.#path}: ${error.message}`);
      return;
    }
    if (!ProcessList.Check(list)) {
      this.#warn(`--processes: ${this.#path}: must be an object of lists of process ids`);
      return;
    }
    for (const [uid, tree] of this.#trees) {
      if (Object.hasOwn(list, uid)) continue;
      tree.close();
      this.#trees.delete(uid);
    }
    for (const [uid, pids] of Object.entries(list)) {
      const known = this.#trees.get(uid);
      if (known) known.setRoots(pids);
      else this.#trees.set(uid, new ProcessTree(pids, this.#proc));
    }
  }

  sample(): ReplicaCpu[] {
    const replicas: ReplicaCpu[] = [];
    for (const [uid, tree] of this.#trees) {
      if (tree.sample()) replicas.push({ uid, cpuSeconds: tree.cpuSeconds, throttledSeconds: 0 });
    }
    return replicas;
  }

  close(): void {
    for (const tree of this.#trees.values()) tree.close();
    this.#trees.clear();
  }
}
