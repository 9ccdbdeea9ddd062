/** Directories that look like the CPU controller's groups of pods, below a node that has a quota, on any machine. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CpuControl } from '../../../host-agent/apply/cpu-control.ts';
import type { CpuInterface } from '../../../host-agent/apply/cpu-interface.ts';
import { cpuControllerFiles } from '../../../host-agent/apply/cpu-interface-v1.ts';
import { unifiedFiles } from '../../../host-agent/apply/cpu-interface-v2.ts';
import { NodeWeights } from '../../../host-agent/apply/cpu-weight.ts';
import { SettingsFile } from '../../../host-agent/apply/settings-file.ts';
import { temporaryTree, type Tree } from './tree.ts';

export interface PodDirectories {
  readonly root: string;
  readonly savedPath: string;
  /** What was done and what failed, oldest first. */
  readonly events: string[];
  /** An agent's control of them; more than one stand for agents that follow each other. */
  control(boot?: string): CpuControl;
  read(pod: string, file: string): string;
  write(pod: string, file: string, text: string): void;
}

/** @param tree files below each pod's own directory `pods/<uid>` */
export function podDirectories(version: 'v1' | 'v2', tree: Tree): PodDirectories {
  const root = temporaryTree(tree);
  const savedPath = join(root, 'saved.json');
  const files: CpuInterface = version === 'v1' ? cpuControllerFiles : unifiedFiles(new NodeWeights(undefined));
  const events: string[] = [];
  const uids = [...new Set(Object.keys(tree).flatMap((path) => /^pods\/([^/]+)\//.exec(path)?.[1] ?? []))];
  return {
    root,
    savedPath,
    events,
    control(boot = 'this boot') {
      const saved = new SettingsFile(savedPath, boot);
      const left = saved.load();
      if (!left.ok) throw new Error(left.failure.message);
      return new CpuControl(
        {
          files,
          saved,
          findPods: () =>
            new Map(uids.map((uid) => [uid, join(root, 'pods', uid)] as const).filter(([, path]) => existsSync(path))),
          written: (outcome) => events.push(outcome),
          failed: (failure, isNew) => events.push(`${isNew ? 'new: ' : ''}${failure.code} ${failure.message}`),
        },
        left.value,
      );
    },
    read: (pod, file) => readFileSync(join(root, 'pods', pod, file), 'utf8').trim(),
    write: (pod, file, text) => writeFileSync(join(root, 'pods', pod, file), text),
  };
}

/** Files of a pod without requests and limits, as kubelet makes it. */
export function freshPod(version: 'v1' | 'v2', uid: string, quota?: string): Tree {
  return version === 'v1'
    ? {
        [`pods/${uid}/cpu.shares`]: '2\n',
        [`pods/${uid}/cpu.cfs_quota_us`]: `${quota ?? '-1'}\n`,
        [`pods/${uid}/cpu.cfs_period_us`]: '100000\n',
      }
    : { [`pods/${uid}/cpu.weight`]: '1\n', [`pods/${uid}/cpu.max`]: `${quota ?? 'max'} 100000\n` };
}
