/** cluster-info as a Deployment: a rolling update under load loses nothing, and pods are where the manifests say. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runLoad } from '../../tools/load-generator/load.ts';
import { readMix } from '../../tools/load-generator/flags.ts';
import { LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import type { Pod } from './support/pods.ts';
import { RATE, summaryOf } from './support/traffic.ts';

const NAME = 'cluster-info';
const CONFIGS = join(import.meta.dirname, '../../istio-configs', NAME);
const GATEWAY = `${NAME}-gateway`;

let cluster: LabCluster;

async function kubectl(...args: readonly string[]): Promise<string> {
  return cluster.lab.kubectl.run(...args);
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly object[] } } };
}

/** What a folder of the application's makes. */
async function objectsOf(folder: string): Promise<Workload[]> {
  const made = parseAllDocuments(await kubectl('kustomize', join(CONFIGS, folder)));
  return made.map((document) => document.toJS() as Workload);
}

/** The gateway runs beside what is not measured. Its image must not be pulled from a registry. */
function beside({ spec, ...workload }: Workload): object {
  const { spec: pod, ...template } = spec.template;
  const changed = {
    ...pod,
    nodeSelector: { 'kubernetes.io/hostname': 'control-plane' },
    tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
    containers: pod.containers.map((container) => ({ ...container, imagePullPolicy: 'IfNotPresent' })),
  };
  return { ...workload, spec: { ...spec, template: { ...template, spec: changed } } };
}

async function applyAll(folder: string): Promise<void> {
  const objects = await objectsOf(folder);
  const isGateway = ({ kind, metadata }: Workload): boolean => kind === 'Deployment' && metadata.name === GATEWAY;
  await cluster.apply(...objects.map((object) => (isGateway(object) ? beside(object) : object)));
}

/** Applies the Deployment alone, with so many replicas. */
async function applyDeployment(folder: string, replicas: number): Promise<void> {
  const found = (await objectsOf(folder)).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === NAME);
  await cluster.apply({ ...found, spec: { ...found?.spec, replicas } });
}

async function untilReady(replicas: number): Promise<Pod[]> {
  return cluster.untilReady(`app=${NAME}`, replicas, NAME);
}

beforeAll(async () => {
  cluster = await LabCluster.open();
  await applyAll('deployment');
  await cluster.untilReady(`istio=${GATEWAY}`, 1, NAME);
  await untilReady(3);
});

afterAll(async () => {
  await kubectl('delete', 'namespace', NAME, '--timeout=120s');
  await cluster[Symbol.asyncDispose]();
}, 180_000);

describe('a rolling update', () => {
  /** Waits until Ballast knows these pods as replicas that serve, and no others. */
  async function untilBalanced(pods: readonly Pod[]): Promise<void> {
    await eventually(async () => {
      const replicas = [...(await new Controllers(cluster).replicas(NAME, NAME)).values()];
      const serving = replicas.filter(({ requestsPerSecond, weight }) => requestsPerSecond > 0.5 && weight > 0);
      expect(serving.map(({ name }) => name).toSorted()).toEqual(pods.map(({ name }) => name).toSorted());
      expect(replicas).toHaveLength(pods.length);
    });
  }

  test('from 1.0.0 to 1.0.1 under load, while Ballast balances it: no request fails', async () => {
    const [gateway] = await cluster.pods(`istio=${GATEWAY}`, NAME);
    const url = new URL(`http://${gateway?.ip}:8080`);
    const chat = async (): Promise<number> => (await fetch(new URL('/chat', url))).status;
    const mix = readMix(NAME);
    if (!mix.ok) throw new Error(mix.failure.message);

    const before = await untilReady(3);
    expect(await chat()).toBe(404);
    const options = { url, mix: mix.value, connections: 50, timeoutSeconds: 20, seed: 1, replicaHeader: 'x-served-by' };
    const load = runLoad({ ...options, rate: RATE });
    let after: Pod[] = [];
    try {
      await untilBalanced(before);
      await applyAll('rolling-update');
      await kubectl('-n', NAME, 'rollout', 'status', `deployment/${NAME}`, '--timeout=200s');
      after = await untilReady(3);
      await untilBalanced(after);
      // A new replica warms up: what it is due comes to it within seconds.
      await eventually(async () => {
        expect(Object.keys(load.totals.replicas)).toEqual(expect.arrayContaining(namesOf(before, after)));
      });
    } finally {
      await load.stop();
    }
    const result = await load.finished;
    expect(summaryOf(result)).toMatchObject({ failed: 0 });
    expect(new Set(namesOf(before, after)).size).toBe(6);
    expect(await chat()).toBe(200);
  }, 400_000);
});

function namesOf(...pods: readonly (readonly Pod[])[]): string[] {
  return pods.flat().map(({ name }) => name);
}

describe('placement', () => {
  beforeAll(removePods);
  afterEach(removePods);

  /** Removes the Deployment. Its pods serve no requests. */
  async function removePods(): Promise<void> {
    await kubectl('-n', NAME, 'delete', 'deployment', NAME, '--ignore-not-found');
    await endPods();
    await untilPlaced();
  }

  async function endPods(): Promise<void> {
    await kubectl('-n', NAME, 'delete', 'pods', '-l', `app=${NAME}`, '--force', '--grace-period=0');
  }

  /** Of each pod the node that it was given, or why it has none. */
  async function places(): Promise<string[]> {
    const place = '{.spec.nodeName}{.status.conditions[?(@.type=="PodScheduled")].reason}';
    const format = `jsonpath={range .items[*]}${place}{"\\n"}{end}`;
    return (await kubectl('-n', NAME, 'get', 'pods', '-l', `app=${NAME}`, '-o', format))
      .split('\n')
      .filter(Boolean)
      .toSorted();
  }

  async function untilPlaced(...expected: readonly string[]): Promise<void> {
    await eventually(async () => expect(await places()).toEqual(expected));
  }

  /** With nodes changed by `kubectl <verb> node <node> <change>`, and back. */
  async function withNodes(
    changes: readonly (readonly [node: string, verb: string, change: string, undo: string])[],
    happening: () => Promise<void>,
  ): Promise<void> {
    try {
      for (const [node, verb, change] of changes) await kubectl(verb, 'node', node, change);
      await happening();
    } finally {
      for (const [node, verb, , undo] of changes) await kubectl(verb, 'node', node, undo);
    }
  }

  const VIP = ['node-1', 'taint', 'class=vip:NoSchedule', 'class=vip:NoSchedule-'] as const;

  test('by anti-affinity one pod comes to each node, and a fourth finds none', async () => {
    await applyDeployment('anti-affinity', 4);
    await untilPlaced('Unschedulable', 'node-1', 'node-2', 'node-3');
  });

  test('a tainted node gets no pod without the toleration', async () => {
    await withNodes([VIP], async () => {
      await applyDeployment('anti-affinity', 3);
      await untilPlaced('Unschedulable', 'node-2', 'node-3');
    });
  });

  test('a tainted node gets a pod with the toleration', async () => {
    await withNodes([VIP], async () => {
      await applyDeployment('toleration', 3);
      await untilPlaced('node-1', 'node-2', 'node-3');
    });
  });

  test('by node affinity the heavier preference wins, then the lighter one, then any node will do', async () => {
    const sizes = [
      ['node-3', 'label', 'size=large', 'size-'],
      ['node-2', 'label', 'size=medium', 'size-'],
    ] as const;
    const closed: string[] = [];
    await withNodes(sizes, async () => {
      try {
        await applyDeployment('node-affinity', 1);
        await untilPlaced('node-3');
        for (const [taken, next] of [
          ['node-3', 'node-2'],
          ['node-2', 'node-1'],
        ] as const) {
          closed.push(taken);
          await kubectl('cordon', taken);
          await endPods();
          await untilPlaced(next);
        }
      } finally {
        for (const node of closed) await kubectl('uncordon', node);
      }
    });
  });
});
