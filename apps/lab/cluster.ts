/** Makes the cluster: certificates, network, nodes with their images, and the control plane. */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../central-controller/contract/errors.ts';
import { createCertificates } from './control-plane/certificates.ts';
import { startControlPlane, untilApiServerIsReady } from './control-plane/control-plane.ts';
import { removeLab } from './down.ts';
import type { Lab } from './lab.ts';
import { createNetwork } from './network/network.ts';
import { NODES } from './settings.ts';

const IPTABLES_NAMES = ['', '6'].flatMap((version) =>
  ['', '-save', '-restore'].map((action) => `ip${version}tables${action}`),
);

/** Programs under the names that nodes call them by, and kubectl for people. */
function linkPrograms({ folder, programs }: Lab): void {
  const links = [...IPTABLES_NAMES.map((name) => [name, programs.iptables]), ['kubectl', programs.hyper]] as const;
  for (const [name = '', target = ''] of links) {
    const path = join(folder.folder('bin'), name);
    rmSync(path, { force: true });
    symlinkSync(target, path);
  }
}

/**
 * Starts the cluster anew, after removing what a run that was cut short has left. Resolves when the API server answers
 * and all nodes are about to join. `store` holds the images (images/store.ts).
 */
export async function createCluster(lab: Lab, store: string): Promise<void> {
  const left = await removeLab(lab.folder);
  if (left.length > 0) throw new BallastError('LAB_BUSY', `of an earlier lab there still is: ${left.join(', ')}`);
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

/** Starts the nodes of a running cluster that have ended, and brings the images of these archives to all. */
export async function repairCluster(lab: Lab, archives: readonly string[]): Promise<void> {
  for (const node of lab.nodes) if (!node.runs) await node.start();
  await Promise.all(
    lab.nodes.map(async (node) => {
      for (const archive of archives) await node.importImages(archive);
    }),
  );
}
