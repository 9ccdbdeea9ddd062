/** Replicas by a file that names their processes: `{"<pod uid>": [pid, …], …}`. For machines without cgroups of ours. */
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
  #refused: (why: string) => void;
  #seen = '';
  #trees = new Map<string, ProcessTree>();

  /** `refused` hears once of each content that is no list of processes; what was known before stays. */
  constructor(path: string, refused: (why: string) => void, proc = '/proc') {
    this.#path = path;
    this.#refused = refused;
    this.#proc = proc;
  }

  refresh(): void {
    this.#readAgain();
    for (const tree of this.#trees.values()) tree.refresh();
  }

  #readAgain(): void {
    let list: unknown;
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const seen = `${mtimeMs} ${size} ${ino}`;
      if (seen === this.#seen) return;
      this.#seen = seen;
      list = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // A file that is not there yet is no news; one that is half written is read when its time changes again.
      if (error instanceof SyntaxError) this.#refused(`${this.#path}: ${error.message}`);
      return;
    }
    if (!ProcessList.Check(list)) {
      this.#refused(`${this.#path}: must be an object of lists of process ids`);
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
