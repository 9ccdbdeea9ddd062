/** Processes of pods, as the machine below the nodes sees them: to end one as no signal handler would notice. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../../tools/lab/lab.ts';
import type { Pod } from './pods.ts';

/** Process ids of a pod by their program's name; the sandbox's `pause` is not among them. */
function processesOf(lab: Lab, pod: Pod): number[] {
  const kubepods = join(lab.node(pod.node).cgroup('cpu'), 'kubepods');
  const groups = globSync([`pod${pod.uid}/*/cgroup.procs`, `*/pod${pod.uid}/*/cgroup.procs`], { cwd: kubepods });
  return groups
    .flatMap((group) => readFileSync(join(kubepods, group), 'utf8').split('\n').filter(Boolean).map(Number))
    .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'pause');
}

/** `kill -9` of everything that a pod's containers run. */
export function killContainers(lab: Lab, pod: Pod): void {
  const pids = processesOf(lab, pod);
  if (pids.length === 0) throw new Error(`${pod.name} runs no process that was found below its group`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}
