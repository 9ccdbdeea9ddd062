/**
 * `npm run bench -- kubernetes`: the controller on a real API server and etcd with a large cluster: time from its start to
 * the first decision, memory while it lists, requests for lists in a steady minute, a rolling update, and the takeover by
 * another controller. There are no nodes and no agents, so reports are not measured here.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer } from '../../cluster/api-server/api-server.ts';
import { type AuditedRequest, readAudit } from '../../cluster/api-server/audit.ts';
import { type ControllerProcess, startController } from '../../cluster/support/controller-process.ts';
import { type Bench, type BenchContext, type BenchResult, type Round, wholeNumber } from '../support/bench.ts';
import { cpuSeconds } from '../support/process-cpu.ts';
import { LargeCluster, nameOf, NAMESPACE } from './fill.ts';

const STEADY_MS = 60_000;
const POLL_MS = 50;
const PATIENCE_MS = 120_000;

/** A field of `/proc/<pid>/status`, MB. */
function memoryMb(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const kb = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1000;
}

/** Returns how long it took, seconds. */
async function until(what: string, signal: AbortSignal, isTrue: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - startedAt > PATIENCE_MS) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await sleep(POLL_MS, undefined, { signal });
  }
  return (performance.now() - startedAt) / 1000;
}

interface ListedReplica {
  readonly name: string;
}

/** Whether the decision on a service has exactly these replicas. */
async function hasDecided(controller: ControllerProcess, number: number, names: readonly string[]): Promise<boolean> {
  const answer = await controller.get(`/api/v1/services/${NAMESPACE}/${nameOf(number)}`);
  if (answer?.status !== 200) return false;
  const { replicas } = answer.body as { replicas: readonly ListedReplica[] };
  const decided = new Set(replicas.map(({ name }) => name));
  return decided.size === names.length && names.every((name) => decided.has(name));
}

/** Lists that the controllers received. Each page counts; refused lists, of kinds that the cluster does not have, do not. */
async function listsIn(audit: string): Promise<number> {
  const isList = ({ user, verb, status }: AuditedRequest): boolean =>
    user === 'admin' && verb === 'list' && status === 200;
  return (await readAudit(audit)).filter(isList).length;
}

interface Scene {
  readonly cluster: LargeCluster;
  readonly audit: string;
  readonly context: BenchContext;
}

const namesOf = (cluster: LargeCluster, number: number): string[] => cluster.podsOf(number).map(({ name }) => name);

async function measureStart(controller: ControllerProcess, { cluster, audit, context }: Scene): Promise<Round> {
  const last = cluster.size.services - 1;
  const seconds = await until('first decision', context.signal, () =>
    hasDecided(controller, last, namesOf(cluster, last)),
  );
  const round = { part: 'start', first_decision_s: seconds, peak_mb: memoryMb(controller.pid, 'VmHWM') };
  context.progress(`first decision after ${seconds.toFixed(1)} s, ${round.peak_mb.toFixed(0)} MB at most`);
  return { ...round, lists: await listsIn(audit) };
}

async function measureSteady(controller: ControllerProcess, { audit, context }: Scene): Promise<Round> {
  const [lists, cpu] = [await listsIn(audit), cpuSeconds(controller.pid)];
  await sleep(STEADY_MS, undefined, { signal: context.signal });
  return {
    part: 'steady',
    steady_lists: (await listsIn(audit)) - lists,
    steady_cores: (cpuSeconds(controller.pid) - cpu) / (STEADY_MS / 1000),
    steady_mb: memoryMb(controller.pid, 'VmRSS'),
  };
}

/** Rolls services one after another. The time of each runs from its last write to a decision on its new pods alone. */
async function measureRolling(
  controller: ControllerProcess,
  { cluster, audit, context }: Scene,
  pods: number,
): Promise<Round> {
  const perService = cluster.size.pods / cluster.size.services;
  const [lists, cpu, startedAt] = [await listsIn(audit), cpuSeconds(controller.pid), performance.now()];
  const waits: number[] = [];
  for (let number = 0; number < Math.ceil(pods / perService); number++) {
    await cluster.roll(number);
    const names = namesOf(cluster, number);
    waits.push(await until(nameOf(number), context.signal, () => hasDecided(controller, number, names)));
  }
  const sorted = waits.toSorted((a, b) => a - b);
  return {
    part: 'rolling update',
    rolled_pods: Math.ceil(pods / perService) * perService,
    rolling_s: (performance.now() - startedAt) / 1000,
    rolling_wait_p50_s: sorted[Math.floor(sorted.length / 2)] ?? NaN,
    rolling_wait_max_s: sorted.at(-1) ?? NaN,
    rolling_cpu_s: cpuSeconds(controller.pid) - cpu,
    rolling_lists: (await listsIn(audit)) - lists,
    rolling_peak_mb: memoryMb(controller.pid, 'VmHWM'),
  };
}

async function measureTakeover(first: ControllerProcess, second: ControllerProcess, scene: Scene): Promise<Round> {
  const { cluster, audit, context } = scene;
  const lists = await listsIn(audit);
  const last = cluster.size.services - 1;
  await first.end('SIGKILL');
  const seconds = await until('takeover', context.signal, () => hasDecided(second, last, namesOf(cluster, last)));
  return { part: 'takeover', takeover_s: seconds, takeover_lists: (await listsIn(audit)) - lists };
}

async function run(context: BenchContext): Promise<BenchResult> {
  const { options, progress, signal } = context;
  const size = {
    nodes: wholeNumber('--nodes', options['nodes']),
    pods: wholeNumber('--pods', options['pods']),
    services: wholeNumber('--services', options['services']),
  };
  const rolled = wholeNumber('--rolled', options['rolled'], size.pods);
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'ballast-kubernetes-'));
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  const audit = join(folder, 'audit.log');
  const server = cleanup.use(await startApiServer({ auditLog: audit }));
  const cluster = cleanup.use(await LargeCluster.open(server.kubeconfig, size));
  progress(`writes ${size.nodes} nodes, ${size.pods} pods and ${size.services} services with policies`);
  const filledAt = performance.now();
  await cluster.fill();
  progress(`written in ${((performance.now() - filledAt) / 1000).toFixed(0)} s`);
  const scene = { cluster, audit, context };
  const net = `127.${randomInt(128, 200)}.${randomInt(1, 255)}`;
  const start = (host: number, identity: string): ControllerProcess => {
    const controller = startController(server.kubeconfig, `${net}.${host}:15070`, identity);
    cleanup.defer(() => controller.end('SIGKILL'));
    return controller;
  };
  const first = start(1, 'first');
  const rounds = [await measureStart(first, scene)];
  rounds.push(await measureSteady(first, scene));
  const second = start(2, 'second');
  await until('second controller', signal, async () => {
    const answer = await second.get('/api/v1/leader');
    return answer !== undefined && (answer.body as { leader?: string }).leader === 'first';
  });
  rounds.push(await measureRolling(first, scene, rolled));
  rounds.push(await measureTakeover(first, second, scene));
  const figures = rounds.flatMap((round) => Object.entries(round));
  const summary = Object.fromEntries(
    figures.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
  return { rounds, summary: { ...size, ...summary } };
}

export const bench: Bench = {
  description:
    'The controller on a real API server with a large cluster: start, memory, lists, rolling update, takeover',
  options: [
    { flags: '--nodes <count>', description: 'nodes', default: '1000' },
    { flags: '--pods <count>', description: 'pods, as many of each service', default: '10000' },
    { flags: '--services <count>', description: 'services, each with a policy', default: '500' },
    { flags: '--rolled <count>', description: 'pods that the rolling update replaces', default: '500' },
  ],
  run,
};
