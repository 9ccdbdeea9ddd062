/** Installs Ballast from its own manifests. */
import { join } from 'node:path';
import type { Kubectl } from '../control-plane/kubectl.ts';

const FOLDER = join(import.meta.dirname, '../manifests/ballast');

/** What Ballast runs in the cluster. */
const WORKLOADS = [
  { namespace: 'ballast-system', workload: 'deployment/ballast-controller' },
  { namespace: 'ballast-agents', workload: 'daemonset/ballast-agent' },
];

/** Applies Ballast. `restart` starts its pods anew, since images that changed have the same name. Does not wait. */
export async function installBallast(kubectl: Kubectl, restart: boolean): Promise<void> {
  await kubectl.applyFolder(FOLDER);
  if (!restart) return;
  for (const { namespace, workload } of WORKLOADS) await kubectl.run('-n', namespace, 'rollout', 'restart', workload);
}

/** Waits until its controller leads and every node has its agent. */
export async function untilBallastIsReady(kubectl: Kubectl): Promise<void> {
  for (const { namespace, workload } of WORKLOADS) {
    await kubectl.run('-n', namespace, 'rollout', 'status', workload, '--timeout=120s');
  }
}
