/**
 * What the host agent costs: a real agent process with 30 replicas and 4 samples a second, (a) alone with its
 * controller, (b) with 30 proxies that post statistics and poll for the table. Its CPU time is read from /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LATENCY_BUCKETS } from '../../central-controller/contract/latency-buckets.ts';
import type { AssignmentUpdate } from '../../central-controller/contract/assignment.ts';
import { startAgent } from '../host-agent/support/agent-process.ts';
import { ControllerStub } from '../host-agent/support/controller-stub.ts';
import { makeNodeGroup } from '../host-agent/support/node-group.ts';
import type { Bench, BenchContext, BenchResult, Round } from './support/bench.ts';
import { ProxyCrowd } from './support/proxy-crowd.ts';

const REPLICAS = 30;
const SERVICES = 10;
const PROXIES = 30;
const SECONDS = 20;
const WARM_UP_MS = 3000;
const TICK_MS = 250;
/** Weights and CPU figures move in every second decision; those between tell the same again. */
const NEWS_EVERY = 2;

function assignments(version: number): AssignmentUpdate {
  const step = Math.floor(version / NEWS_EVERY) % 10;
  return {
    version,
    full: version === 1,
    validForMs: 10_000,
    removed: [],
    services: Array.from({ length: SERVICES }, (_, service) => ({
      key: `8080|service-${service}.hotel-reservation.svc.cluster.local`,
      routing: 'Endpoint' as const,
      pinning: false,
      replicas: [0.3 + step / 100, 0.3, 0.4 - step / 100].map((weight, replica) => ({
        name: `service-${service}-${replica}`,
        address: `10.0.${service}.${replica}:8080`,
        weight,
        cpuUtilisation: 0.5 + step / 100,
      })),
    })),
  };
}

interface Cost {
  readonly seconds: number;
  readonly rssBytes: number;
}

function costOf(pid: number): Cost {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { seconds: (Number(words[11]) + Number(words[12])) / 100, rssBytes: pages * 4096 };
}

async function measure(pid: number, condition: string, context: BenchContext): Promise<Round> {
  await sleep(WARM_UP_MS, undefined, { signal: context.signal });
  const before = costOf(pid);
  const started = performance.now();
  await sleep(SECONDS * 1000, undefined, { signal: context.signal });
  const after = costOf(pid);
  const seconds = (performance.now() - started) / 1000;
  const corePercent = (100 * (after.seconds - before.seconds)) / seconds;
  context.progress(`${condition}: ${corePercent.toFixed(2)} % of a core`);
  return { condition, seconds, core_percent: corePercent, rss_mb: after.rssBytes / 1e6 };
}

/** Thirty idle processes: each in its pod's cgroup where we may make some, else named in a file. */
function startReplicas(context: BenchContext): {
  readonly flags: readonly string[];
  readonly usesCgroups: boolean;
  stop(): void;
} {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const group = makeNodeGroup(`ballast-bench-${process.pid}`);
  const children: ChildProcess[] = [];
  const processes: Record<string, number[]> = {};
  for (let replica = 0; replica < REPLICAS; replica++) {
    const uid = `00000000-0000-4000-8000-${String(replica).padStart(12, '0')}`;
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    children.push(child);
    if (child.pid === undefined) continue;
    processes[uid] = [child.pid];
    group?.addPod(uid);
    group?.enter(uid, child.pid);
  }
  const file = join(directory, 'processes.json');
  writeFileSync(file, JSON.stringify(processes));
  context.progress(`${REPLICAS} replicas as ${group ? 'cgroups' : 'plain processes'}`);
  return {
    flags: group ? ['--node-cgroup', group.path] : ['--processes', file],
    usesCgroups: group !== undefined,
    stop() {
      for (const child of children) child.kill('SIGKILL');
      group?.remove();
      rmSync(directory, { recursive: true });
    },
  };
}

async function run(context: BenchContext): Promise<BenchResult> {
  const cleanup = new AsyncDisposableStack();
  try {
    return await measureBoth(context, cleanup);
  } finally {
    await cleanup.disposeAsync();
  }
}

async function measureBoth(context: BenchContext, cleanup: AsyncDisposableStack): Promise<BenchResult> {
  const controller = new ControllerStub();
  let version = 1;
  controller.greeting = () => `${JSON.stringify({ ...assignments(version), full: true })}\n`;
  const url = await controller.listen();
  cleanup.defer(() => controller.close());
  const replicas = startReplicas(context);
  cleanup.defer(() => replicas.stop());
  const agent = await startAgent(['--node', 'bench', '--controller', url.href, ...replicas.flags]);
  cleanup.defer(async () => {
    await agent.stop();
  });

  const sampling = await measure(agent.pid, 'sampling and reports', context);
  const decisions = setInterval(() => controller.send(assignments(++version)), TICK_MS);
  cleanup.defer(() => clearInterval(decisions));
  const crowd = new ProxyCrowd(agent.url, PROXIES, SERVICES, LATENCY_BUCKETS);
  crowd.start();
  cleanup.defer(() => crowd.stop());
  const reportsBefore = controller.reports.length;
  const tablesBefore = crowd.tables;
  const serving = await measure(agent.pid, `with ${PROXIES} proxies`, context);
  const seconds = SECONDS + WARM_UP_MS / 1000;
  return {
    rounds: [sampling, serving],
    summary: {
      core_percent: Number(sampling.core_percent),
      core_percent_with_proxies: Number(serving.core_percent),
      rss_mb: Number(serving.rss_mb),
      replicas: REPLICAS,
      cgroups: replicas.usesCgroups ? 1 : 0,
      reports_per_second: (controller.reports.length - reportsBefore) / seconds,
      tables_per_second: (crowd.tables - tablesBefore) / seconds,
      failed_requests: crowd.failures,
    },
  };
}

export const bench: Bench = {
  description: 'CPU that the host agent takes at 30 replicas and 4 samples a second',
  run,
};
