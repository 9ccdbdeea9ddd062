/** Starts the cluster: certificates, network, nodes with their images, and the control plane. */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../contract/errors.ts';
import { createCertificates } from './control-plane/certificates.ts';
import { startControlPlane, untilApiServerIsReady } from './control-plane/control-plane.ts';
import { removeLab } from './down.ts';
import type { Lab } from './lab.ts';
import { createNetwork } from './network/network.ts';
import { NODES } from './settings.ts';

const RESTART_LIMIT_MS = 120_000;

const IPTABLES_NAMES = ['', '6'].flatMap((version) =>
  ['', '-save', '-restore'].map((action) => `ip${version}tables${action}`),
);

/** Links programs under the names by which nodes call them, and kubectl for the user. */
function linkPrograms({ folder, programs }: Lab): void {
  const links = [...IPTABLES_NAMES.map((name) => [name, programs.iptables]), ['kubectl', programs.hyper]] as const;
  for (const [name = '', target = ''] of links) {
    const path = join(folder.folder('bin'), name);
    rmSync(path, { force: true });
    symlinkSync(target, path);
  }
}

/**
 * Starts a new cluster, after removing the remains of an interrupted run. Resolves when the API server answers and all
 * kubelets are started. `store` has the images (images/store.ts).
 */
export async function createCluster(lab: Lab, store: string): Promise<void> {
  const left = await removeLab(lab.folder);
  if (left.length > 0)
    throw new BallastError('LAB_BUSY', `remains of an earlier lab could not be removed: ${left.join(', ')}`);
  linkPrograms(lab);
  await createCertificates(lab.folder, NODES);
  await createNetwork(NODES);
  await lab.controlPlane.create(store);
  await lab.controlPlane.boot();
  startControlPlane(lab.controlPlane, lab.folder, lab.programs);
  await Promise.all([
    untilApiServerIsReady(lab.folder, lab.controlPlane),
    ...lab.workers.map(async (node) => {
      await node.create(store);
      await node.boot();
    }),
  ]);
  for (const node of lab.nodes) node.startKubelet();
}

interface PodList {
  readonly items: readonly {
    readonly status: {
      readonly containerStatuses?: readonly { readonly state: { readonly running?: { readonly startedAt: string } } }[];
    };
  }[];
}

/** Waits until all containers of a node's pods have started after `since`. */
async function untilPodsRunAgain(lab: Lab, node: string, since: number): Promise<void> {
  const giveUp = since + RESTART_LIMIT_MS;
  // Kubernetes' timestamps have whole seconds.
  const earliest = Math.floor(since / 1000) * 1000;
  for (;;) {
    const selector = ['--all-namespaces', '--field-selector', `spec.nodeName=${node}`, '-o', 'json'];
    const pods = JSON.parse(await lab.kubectl.run('get', 'pods', ...selector)) as PodList;
    const started = pods.items.flatMap(({ status }) =>
      (status.containerStatuses ?? []).map(({ state }) => Date.parse(state.running?.startedAt ?? '1970-01-01')),
    );
    if (started.every((time) => time >= earliest)) return;
    if (Date.now() > giveUp) throw new BallastError('CHILD_FAILED', `not all pods of ${node} are running again`);
    await sleep(500);
  }
}

/** Starts the stopped nodes of a running cluster, and imports these archives on all nodes. */
export async function repairCluster(lab: Lab, archives: readonly string[]): Promise<void> {
  const since = Date.now();
  const ended = lab.nodes.filter(({ runs }) => !runs);
  for (const node of ended) {
    await node.boot();
    node.startKubelet();
  }
  await Promise.all(
    lab.nodes.map(async (node) => {
      for (const archive of archives) await node.importImages(archive);
    }),
  );
  await Promise.all(ended.map(async ({ name }) => untilPodsRunAgain(lab, name, since)));
}
