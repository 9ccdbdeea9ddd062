/** CPU and memory of controllers and agents, from their pods' control groups. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Round } from '../support/bench.ts';
import type { Pod } from '../../lab/support/pods.ts';
import { AGENTS, type Scene, SYSTEM } from './scene.ts';

const SECONDS = 40;
const PAGE_BYTES = 4096;

function cpuSeconds(scene: Scene, pod: Pod): number {
  return Number(readFileSync(join(scene.groupOf(pod, 'cpuacct'), 'cpuacct.usage'), 'utf8')) / 1e9;
}

/** Memory of a pod's processes, MB. */
interface Memory {
  /** What its control group counts, as `container_memory_rss` does. */
  readonly rss: number;
  /** With mapped files: mostly Node's own program, which all such processes of the node share. */
  readonly withShared: number;
}

function memoryOf(scene: Scene, pod: Pod): Memory {
  const group = scene.groupOf(pod, 'memory');
  const stat = readFileSync(join(group, 'memory.stat'), 'utf8');
  const pids = globSync('*/cgroup.procs', { cwd: group }).flatMap((file) =>
    readFileSync(join(group, file), 'utf8').split('\n').filter(Boolean),
  );
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]));
  return {
    rss: Number(/^total_rss (\d+)$/m.exec(stat)?.[1] ?? NaN) / 1e6,
    withShared: (pages.reduce((sum, count) => sum + count, 0) * PAGE_BYTES) / 1e6,
  };
}

/** A row for each controller and agent. The load must be running. */
export async function measureCost(scene: Scene): Promise<Round[]> {
  const [controllers, agents] = await Promise.all([scene.pods(SYSTEM), scene.pods(AGENTS)]);
  const { hostname: leader } = await scene.controller();
  const pods = [
    ...controllers.map((pod) => ({ pod, part: pod.ip === leader ? 'controller' : 'follower' })),
    ...agents.map((pod) => ({ pod, part: 'agent' })),
  ];
  const before = pods.map(({ pod }) => cpuSeconds(scene, pod));
  const started = performance.now();
  await sleep(SECONDS * 1000, undefined, { signal: scene.signal });
  const seconds = (performance.now() - started) / 1000;
  return pods.map(({ pod, part }, index) => {
    const { rss, withShared } = memoryOf(scene, pod);
    return {
      part,
      node: pod.node,
      cpu_percent: (100 * (cpuSeconds(scene, pod) - (before[index] ?? NaN))) / seconds,
      rss_mb: rss,
      rss_with_shared_mb: withShared,
    };
  });
}
