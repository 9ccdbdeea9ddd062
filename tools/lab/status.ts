/** The status of the lab. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { qualifiedName } from '../../contract/names.ts';
import { nameOf } from '../install/versions.ts';
import type { Lab } from './lab.ts';
import { readRecord } from './state/lab-folder.ts';

const WATCH_MS = 2_000;

export interface NodeStatus {
  readonly name: string;
  readonly address: string;
  readonly running: boolean;
  /** Size in cores; none for the control plane's node. */
  readonly cores?: number;
  /** CPU used over the last two seconds, in cores. */
  readonly usedCores: number;
  /** Memory of its processes, without the page cache, in MiB. */
  readonly memoryMiB: number;
}

export interface LabStatus {
  /** Time of its start, ISO 8601. */
  readonly since?: string;
  /** Minor versions of its releases. */
  readonly kubernetes: string;
  readonly istio: string;
  readonly ingress: string;
  readonly kubeconfig: string;
  readonly logs: string;
  readonly nodes: readonly NodeStatus[];
  readonly pods: { readonly ready: number; readonly notReady: readonly string[] };
}

function memoryOf(directory: string): number {
  const stat = readFileSync(join(directory, 'memory.stat'), 'utf8');
  return Number(/^total_rss (\d+)$/m.exec(stat)?.[1] ?? 0) / 2 ** 20;
}

async function readPods(lab: Lab): Promise<LabStatus['pods']> {
  const ready = '.status.conditions[?(@.type=="Ready")].status';
  const columns = `custom-columns=ready:${ready},namespace:.metadata.namespace,name:.metadata.name`;
  const list = await lab.kubectl.run('get', 'pods', '--all-namespaces', '--no-headers', '-o', columns);
  const pods = list
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  const notReady = pods
    .filter(([state]) => state !== 'True')
    .map(([, namespace = '', name = '']) => qualifiedName({ namespace, name }));
  return { ready: pods.length - notReady.length, notReady };
}

/** Reads the status. This takes two seconds, over which CPU is measured. */
export async function readStatus(lab: Lab): Promise<LabStatus> {
  const running = lab.nodes.filter(({ runs }) => runs);
  const before = new Map(running.map((node) => [node, node.cpuSeconds()]));
  const start = performance.now();
  await sleep(WATCH_MS);
  const seconds = (performance.now() - start) / 1000;
  const nodes = lab.nodes.map((node): NodeStatus => {
    const used = before.get(node);
    const { name, address, settings } = node;
    return {
      name,
      address,
      running: used !== undefined,
      ...(settings.cores !== undefined && { cores: settings.cores }),
      usedCores: used === undefined ? 0 : Math.round(((node.cpuSeconds() - used) / seconds) * 1000) / 1000,
      memoryMiB: used === undefined ? 0 : Math.round(memoryOf(node.cgroup('memory'))),
    };
  });
  const since = readRecord(lab.folder)?.since;
  return {
    ...(since !== undefined && { since }),
    ...lab.programs.pair,
    ingress: lab.ingress.href,
    kubeconfig: lab.folder.kubeconfig,
    logs: join(lab.folder.path, 'logs'),
    nodes,
    pods: await readPods(lab),
  };
}

export function statusTable({ nodes, pods, ingress, kubeconfig, logs, ...pair }: LabStatus): string {
  const table = new Table({
    head: ['node', 'address', 'cores', 'used', 'memory (MiB)'],
    style: { head: [], border: [] },
  });
  for (const node of nodes) {
    table.push([node.name, node.address, node.cores ?? '', node.running ? node.usedCores : 'down', node.memoryMiB]);
  }
  const waiting = pods.notReady.length === 0 ? '' : `, not ready: ${pods.notReady.join(', ')}`;
  return `${table.toString()}\n${nameOf(pair)}\n${pods.ready} pods ready${waiting}\nIngress: ${ingress}\nkubeconfig: ${kubeconfig}\nLogs: ${logs}`;
}
