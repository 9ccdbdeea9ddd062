/** A pod of the lab as tests and measurements see it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../../tools/lab/lab.ts';

export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  readonly ready: boolean;
  /** It is about to go. */
  readonly leaving: boolean;
  /** How often its containers were started again. */
  readonly restarts: number;
  /** `Guaranteed`, `Burstable` or `BestEffort`: decides where its control group lies. */
  readonly quality: string;
}

/** What is read of the API server's object. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly qosClass?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

export function podOf({ metadata, spec, status }: PodObject): Pod {
  return {
    name: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName ?? '',
    ip: status.podIP ?? '',
    ready: status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false,
    leaving: metadata.deletionTimestamp !== undefined,
    restarts: (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    quality: status.qosClass ?? '',
  };
}

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

const PATIENCE_MS = 5_000;

/** Value of a counter or gauge, such as `ballast_picks_total`; 0 where a proxy does not have it (yet). */
export async function proxyMetric({ ip }: Pod, name: string): Promise<number> {
  const address = `http://${ip}:15090/stats/prometheus?filter=${name}`;
  const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const line = new RegExp(`^${name}\\{\\} (\\d+)$`, 'm').exec(await response.text());
  return Number(line?.[1] ?? 0);
}

const FALLBACKS = ['without_table', 'without_replica', 'over_stream_limit'];

/** Requests that these proxies left to Istio. */
export async function fallbacksOf(pods: readonly Pod[]): Promise<number> {
  const counts = await Promise.all(
    pods.flatMap((pod) => FALLBACKS.map((reason) => proxyMetric(pod, `ballast_fallbacks_${reason}_total`))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
