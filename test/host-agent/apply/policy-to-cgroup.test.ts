/** From a policy's line to a pod's cgroup and back, through the real controller and the real agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findCgroups } from '../../../tools/machine/cgroup-mounts.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { startAgent } from '../support/agent-process.ts';
import { makeNodeGroup } from '../support/node-group.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { temporaryTree } from '../support/tree.ts';

const WAIT = { timeout: 40_000, interval: 200 };
const CONTROLLER = join(import.meta.dirname, '../../../central-controller/main.ts');

const MANIFESTS = `
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: v1
kind: Service
metadata: {name: geo, namespace: hotel}
spec: {selector: {app: geo}, ports: [{port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: geo-0, namespace: hotel, uid: uid-0, labels: {app: geo}}
spec: {nodeName: node-1, containers: [{name: app}]}
status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: 'True'}]}
`;

function policy(cpuControl: string): string {
  return `
apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata: {name: geo, namespace: hotel}
spec: {targetRef: {kind: Service, name: geo}, cpuControl: ${cpuControl}}
`;
}

async function startController(manifests: string): Promise<string> {
  const child = spawn(process.execPath, [CONTROLLER, '--manifests', manifests, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const origin = /listening at (http:[^"]+)/.exec(line)?.[1];
    if (origin === undefined) continue;
    child.stdout.resume();
    return origin;
  }
  throw new Error('the controller ended');
}

/** A process that uses a third of a CPU. */
function startWorker(): number {
  const work = 'setInterval(() => { const until = Date.now() + 10; while (Date.now() < until); }, 30)';
  const child = spawn(process.execPath, ['-e', work], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('no process');
  return child.pid;
}

/** Posts what the replica's proxy would, a hundred requests a second, until the test ends. */
function postStatistics(agent: string): void {
  const started = Date.now();
  let sequence = 0;
  const timer = setInterval(() => {
    const requests = Math.floor((Date.now() - started) / 10);
    const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, index) => (index === 8 ? requests : 0));
    const served = { requests, failures: 0, inFlight: 1, inFlightSeconds: requests * 0.004, latencyBuckets };
    const identity = { namespace: 'hotel', pod: 'geo-0', instance: 'ab', sequence: sequence++, tableVersion: 0 };
    const body = encodeStatistics({ ...identity, fallbacks: 0, served, called: [] });
    fetch(`${agent}/v1/statistics`, { method: 'POST', body }).catch(() => undefined);
  }, 500);
  onTestFinished(() => clearInterval(timer));
}

describe.runIf(findCgroups().ok)('in a real cgroup', () => {
  test("a policy's line sets shares and quota, and its change restores them", async () => {
    const group = makeNodeGroup(`ballast-policy-${process.pid}`, 1);
    if (group === undefined) throw new Error('the cgroup could not be made');
    onTestFinished(() => group.remove());
    group.addPod('uid-0');
    group.enter('uid-0', startWorker());
    const root = temporaryTree({ 'manifests/cluster.yaml': MANIFESTS, 'manifests/policy.yaml': policy('BOTH') });
    const [sharesFile, quotaFile] =
      group.version === 1 ? ['cpu.shares', 'cpu.cfs_quota_us'] : ['cpu.weight', 'cpu.max'];
    const settings = (): string[] =>
      [sharesFile, quotaFile].map((file) => readFileSync(join(group.settings('uid-0'), file), 'utf8').trim());
    // Other than what the only replica of a node is granted: as much as the node has.
    writeFileSync(join(group.settings('uid-0'), sharesFile), '20');
    const before = settings();

    const controller = await startController(join(root, 'manifests'));
    const flags = ['--node', 'node-1', '--controller', controller, '--node-cgroup', group.path];
    const agent = await startAgent([...flags, '--cpu-control', join(root, 'saved.json')]);
    onTestFinished(() => agent.kill());
    postStatistics(agent.url);

    await vi.waitFor(() => expect(settings()[1]).toMatch(/^\d{4,}/), WAIT);
    const [shares, quota] = settings().map((text) => Number.parseInt(text, 10));
    const { replicas } = (await (await fetch(`${controller}/api/v1/services/hotel/geo`)).json()) as {
      replicas: { cpuGrant: { shares: number; quotaCores: number } }[];
    };
    const grant = replicas[0]?.cpuGrant;
    expect(grant?.quotaCores).toBeGreaterThan(0.3);
    expect((quota ?? 0) / 100_000).toBeLessThanOrEqual(1);
    expect(shares).toBeGreaterThan(group.version === 1 ? 100 : 20);

    writeFileSync(join(root, 'manifests/policy.yaml'), policy('NONE'));
    await vi.waitFor(() => expect(settings()).toEqual(before), WAIT);
    expect(await agent.stop()).toBe(0);
  });
});
