/**
 * What the host agent costs: a real agent process with 30 replicas and 4 samples a second, (a) alone with its
 * controller, (b) with 30 proxies that post statistics and poll for the table. With `--against` agents of two versions
 * run side by side, since a machine's speed changes more from one run to the next than most changes of the agent do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AssignmentUpdate } from '../../contract/assignment.ts';
import type { AssignmentLine, Subscription } from '../../contract/assignment-stream.ts';
import { encodeWeights } from '../../contract/weights-codec.ts';
import { type AgentProcess, startAgent } from '../host-agent/support/agent-process.ts';
import { ControllerStub } from '../host-agent/support/controller-stub.ts';
import { makeNodeGroup } from '../host-agent/support/node-group.ts';
import type { Bench, BenchContext, BenchResult, Round } from './support/bench.ts';
import { openCheckout } from './support/checkout.ts';
import { cpuSeconds } from './support/process-cpu.ts';
import { ProxyCrowd } from './support/proxy-crowd.ts';

const REPLICAS = 30;
const SERVICES = 10;
const PROXIES = 30;
const SECONDS = 60;
/** Until V8 has compiled what runs four times a second. */
const WARM_UP_MS = 30_000;
/** How often the controller sends a line: a heartbeat, or new weights of all services, as where load moves. */
const LINE_MS = 1000;
/** Of each checkout, where there are two. */
const AGENTS = 2;

/** Weights of the three replicas of each service; a step later they are others. */
function weightsAt(version: number): readonly number[] {
  const step = version % 10;
  return [0.3 + step / 100, 0.3, 0.4 - step / 100];
}

const keyOf = (service: number): string => `8080|service-${service}.hotel-reservation.svc.cluster.local`;

/** What a controller of the version before sends: everything at first, then new weights of all services, or a heartbeat. */
function updateOf(version: number, said: 'all' | 'changes' | 'nothing'): AssignmentUpdate {
  return {
    version,
    full: said === 'all',
    validForMs: 10_000,
    removed: [],
    services: Array.from({ length: said === 'nothing' ? 0 : SERVICES }, (_, service) => ({
      key: keyOf(service),
      routing: 'Endpoint' as const,
      pinning: false,
      replicas: weightsAt(version).map((weight, replica) => ({
        name: `service-${service}-${replica}`,
        address: `10.0.${service}.${replica}:8080`,
        weight,
        cpuUtilisation: 0.5 + (version % 10) / 100,
      })),
    })),
  };
}

/** The same of a controller of this version, for a node that wants these services. */
function firstLine({ services }: Subscription): AssignmentLine {
  return {
    version: 1,
    validForMs: 10_000,
    epoch: 1,
    services: services.map(([key]) => ({
      id: Number(/service-(\d+)/.exec(key)?.[1]),
      key,
      version: 1,
      routing: 'Endpoint',
      pinning: false,
      replicas: [0, 1, 2].map((replica) => [`${key.slice(5, 14)}-${replica}`, `10.0.0.${replica}:8080`]),
      weights: encodeWeights(weightsAt(1)),
    })),
  };
}

function lineOf(version: number, said: 'changes' | 'nothing', wanted: number): AssignmentLine {
  const beat = { version, validForMs: 10_000 };
  if (said === 'nothing') return beat;
  const weights = encodeWeights(weightsAt(version));
  return { ...beat, weights: Array.from({ length: wanted }, (_, service) => [service, weights]) };
}

interface Subject {
  readonly checkout: string;
  readonly agent: AgentProcess;
  readonly controller: ControllerStub;
  readonly crowd: ProxyCrowd;
}

function rssMb(pid: number): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6;
}

async function measure(subjects: readonly Subject[], condition: string, context: BenchContext): Promise<Round[]> {
  await sleep(WARM_UP_MS, undefined, { signal: context.signal });
  const before = subjects.map(({ agent, controller, crowd }) => ({
    cpu: cpuSeconds(agent.pid),
    reports: controller.reports.length,
    tables: crowd.tables,
    requests: crowd.requests,
  }));
  const started = performance.now();
  await sleep(SECONDS * 1000, undefined, { signal: context.signal });
  const seconds = (performance.now() - started) / 1000;
  return subjects.map(({ checkout, agent, controller, crowd }, index) => {
    const { cpu = 0, reports = 0, tables = 0, requests = 0 } = before[index] ?? {};
    const corePercent = (100 * (cpuSeconds(agent.pid) - cpu)) / seconds;
    context.progress(`${condition}, ${checkout}: ${corePercent.toFixed(2)} % of a core`);
    return {
      condition,
      checkout,
      core_percent: corePercent,
      rss_mb: rssMb(agent.pid),
      reports_per_second: (controller.reports.length - reports) / seconds,
      tables_per_second: (crowd.tables - tables) / seconds,
      requests_per_second: (crowd.requests - requests) / seconds,
      failed_requests: crowd.failures,
    };
  });
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

/** An agent of the checkout with a controller and a crowd of its own. */
async function startSubject(
  checkout: string,
  flags: readonly string[],
  cleanup: AsyncDisposableStack,
): Promise<Subject> {
  const controller = new ControllerStub();
  controller.greeting = (subscription) => `${JSON.stringify(firstLine(subscription))}\n`;
  controller.oldGreeting = () => `${JSON.stringify(updateOf(1, 'all'))}\n`;
  const url = await controller.listen();
  cleanup.defer(() => controller.close());
  const main = join(checkout, 'host-agent/main.ts');
  const agent = await startAgent(['--node', 'bench', '--controller', url.href, ...flags], main);
  cleanup.defer(async () => void (await agent.stop()));
  const crowd = new ProxyCrowd(agent.url, PROXIES, SERVICES);
  cleanup.defer(() => crowd.stop());
  return { checkout, agent, controller, crowd };
}

async function measureBoth(context: BenchContext, cleanup: AsyncDisposableStack): Promise<BenchResult> {
  const { against } = context.options;
  const other = against === undefined ? undefined : openCheckout(against, cleanup);
  const checkouts = other === undefined ? ['.'] : Array.from({ length: AGENTS }, () => ['.', other]).flat();
  const replicas = startReplicas(context);
  cleanup.defer(() => replicas.stop());
  const subjects: Subject[] = [];
  for (const checkout of checkouts) subjects.push(await startSubject(checkout, replicas.flags, cleanup));
  let version = 1;
  let said: 'changes' | 'nothing' = 'nothing';
  const lines = setInterval(() => {
    if (said === 'changes') version++;
    for (const { controller } of subjects) {
      controller.send(lineOf(version, said, controller.subscriptions.at(-1)?.services.length ?? 0));
      controller.sendOld(updateOf(version, said));
    }
  }, LINE_MS);
  cleanup.defer(() => clearInterval(lines));

  const alone = await measure(subjects, 'sampling and reports', context);
  await Promise.all(subjects.map(({ crowd }) => crowd.start()));
  said = 'changes';
  const serving = await measure(subjects, `with ${PROXIES} proxies`, context);
  const mean = (rounds: readonly Round[], checkout: string, figure: string): number => {
    const values = rounds.filter((round) => round['checkout'] === checkout).map((round) => Number(round[figure]));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    rounds: [...alone, ...serving],
    summary: {
      core_percent: mean(alone, '.', 'core_percent'),
      core_percent_with_proxies: mean(serving, '.', 'core_percent'),
      rss_mb: mean(serving, '.', 'rss_mb'),
      replicas: REPLICAS,
      cgroups: replicas.usesCgroups ? 1 : 0,
      reports_per_second: mean(serving, '.', 'reports_per_second'),
      tables_per_second: mean(serving, '.', 'tables_per_second'),
      failed_requests: mean(serving, '.', 'failed_requests'),
      ...(other !== undefined && {
        against_core_percent: mean(alone, other, 'core_percent'),
        against_core_percent_with_proxies: mean(serving, other, 'core_percent'),
        cpu_ratio: mean(alone, '.', 'core_percent') / mean(alone, other, 'core_percent'),
        cpu_ratio_with_proxies: mean(serving, '.', 'core_percent') / mean(serving, other, 'core_percent'),
      }),
    },
  };
}

export const bench: Bench = {
  description: 'CPU that the host agent takes at 30 replicas and 4 samples a second',
  options: [
    {
      flags: '--against <commit>',
      description: `a commit, or a checkout with its packages installed: ${AGENTS} agents of each version run side by side`,
    },
  ],
  async run(context) {
    await using cleanup = new AsyncDisposableStack();
    return await measureBoth(context, cleanup);
  },
};
