/** Volumes for claims: folders of this machine that all nodes see, like those of a shared file server. */
import { chmodSync, rmSync } from 'node:fs';
import type { Kubectl } from '../control-plane/kubectl.ts';
import type { LabFolder } from '../state/lab-folder.ts';

const VOLUMES = ['volume-1', 'volume-2', 'volume-3'];

/** Makes some PersistentVolumes that any pod on any node can write. They are removed with the lab. */
export async function createVolumes(kubectl: Kubectl, folder: LabFolder): Promise<void> {
  const volumes = VOLUMES.map((name) => {
    const path = folder.folder('volumes', name);
    // Pods run as different users.
    chmodSync(path, 0o777);
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        hostPath: { path, type: 'Directory' },
      },
    };
  });
  await kubectl.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: volumes }));
}

/** Makes volumes whose claims are gone anew and empty, so that other claims can bind them. */
export async function renewVolumes(kubectl: Kubectl, folder: LabFolder): Promise<void> {
  const columns = 'custom-columns=name:.metadata.name,phase:.status.phase';
  const list = await kubectl.run('get', 'persistentvolumes', '--no-headers', '-o', columns);
  const released = [...list.matchAll(/^(\S+)\s+Released$/gm)].map(([, name = '']) => name);
  if (released.length > 0) await kubectl.run('delete', 'persistentvolumes', ...released);
  for (const name of released) rmSync(folder.folder('volumes', name), { recursive: true });
  await createVolumes(kubectl, folder);
}
