/** Takes the lab down, even a partial one, and leaves only its logs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { remainsOfNetwork, removeNetwork } from './network/network.ts';
import { LabCgroups } from './node/cgroups.ts';
import { LabFolder } from './state/lab-folder.ts';
import { withLock } from './state/lock.ts';

const NETWORK_PATIENCE_MS = 5_000;

/**
 * Ends everything that runs in the lab and removes its groups, network and state. No part of it needs to be intact.
 * Returns what could not be removed, in words.
 */
export async function downLab(): Promise<string[]> {
  const folder = new LabFolder();
  return withLock(folder, async () => removeLab(folder));
}

/** Like {@link downLab}, for a caller that holds the lock. */
export async function removeLab(folder: LabFolder): Promise<string[]> {
  // Mounts and the pods' network namespaces end with the last process in a node's group.
  const groups = LabCgroups.find().remove();
  await removeNetwork();
  let network = await remainsOfNetwork();
  const giveUp = Date.now() + NETWORK_PATIENCE_MS;
  while (network.length > 0 && Date.now() < giveUp) {
    await sleep(100);
    await removeNetwork();
    network = await remainsOfNetwork();
  }
  folder.clear();
  return [...groups.map((group) => `control group ${group}`), ...network];
}
