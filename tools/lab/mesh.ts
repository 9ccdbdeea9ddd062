/** Makes the cluster a mesh: installs Istio with its own charts, and Ballast from its own manifests. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../contract/errors.ts';
import type { Kubectl } from './control-plane/kubectl.ts';
import { istioRelease } from '../install/versions.ts';
import { run } from '../machine/command.ts';
import type { Programs } from './programs/programs.ts';

const NAMESPACE = 'istio-system';
const START_LIMIT_MS = 120_000;

async function render(programs: Programs, release: string, chart: string, flags: readonly string[]): Promise<string> {
  const path = join(programs.istioSources, 'manifests/charts', chart);
  return run(programs.helm, ['template', release, path, '--namespace', NAMESPACE, ...flags]);
}

/** Applies Istio's resource definitions and istiod. Does not wait for istiod. */
export async function installIstio(kubectl: Kubectl, programs: Programs): Promise<void> {
  const values = join(import.meta.dirname, 'manifests/istiod-values.yaml');
  const tag = `global.tag=${istioRelease(programs.pair.istio).version}`;
  const [base, istiod] = await Promise.all([
    render(programs, 'istio-base', 'base', []),
    render(programs, 'istiod', 'istio-control/istio-discovery', ['--values', values, '--set', tag]),
  ]);
  await kubectl.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }));
  await kubectl.apply(base);
  await kubectl.apply(istiod);
}

/** Waits until istiod answers and new pods get a sidecar. */
export async function untilInjecting(kubectl: Kubectl): Promise<void> {
  await kubectl.run('--namespace', NAMESPACE, 'rollout', 'status', 'deployment/istiod', '--timeout=120s');
  const giveUp = Date.now() + START_LIMIT_MS;
  const bundle = 'jsonpath={.webhooks[*].clientConfig.caBundle}';
  for (;;) {
    const authority = await kubectl.run('get', 'mutatingwebhookconfiguration', 'istio-sidecar-injector', '-o', bundle);
    if (authority.trim() !== '') return;
    if (Date.now() > giveUp) throw new BallastError('CHILD_FAILED', 'istiod does not serve its injection webhook');
    await sleep(200);
  }
}

const FOLDER = join(import.meta.dirname, 'manifests/ballast');

/** The workloads of Ballast in the cluster. */
const WORKLOADS = [
  { namespace: 'ballast-system', workload: 'deployment/ballast-controller' },
  { namespace: 'ballast-agents', workload: 'daemonset/ballast-agent' },
];

/** Applies Ballast. `restart` replaces its pods, because changed images have the same name. Does not wait. */
export async function installBallast(kubectl: Kubectl, restart: boolean): Promise<void> {
  await kubectl.applyFolder(FOLDER);
  if (!restart) return;
  for (const { namespace, workload } of WORKLOADS) await kubectl.run('-n', namespace, 'rollout', 'restart', workload);
}

/** Waits until a controller leads and every node has its agent. */
export async function untilBallastIsReady(kubectl: Kubectl): Promise<void> {
  for (const { namespace, workload } of WORKLOADS) {
    await kubectl.run('-n', namespace, 'rollout', 'status', workload, '--timeout=120s');
  }
}
