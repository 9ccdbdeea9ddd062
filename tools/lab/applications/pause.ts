/** Makes room on the nodes. */
import type { Kubectl } from '../control-plane/kubectl.ts';

const PODS_OF_SETS = 'statefulset.kubernetes.io/pod-name';

/** Scales all StatefulSets of a namespace to nothing. The function scales them back, and resolves when all are ready. */
export async function pauseReplicas(kubectl: Kubectl, namespace: string): Promise<() => Promise<void>> {
  const columns = 'custom-columns=name:.metadata.name,replicas:.spec.replicas';
  const list = await kubectl.run('-n', namespace, 'get', 'statefulsets', '--no-headers', '-o', columns);
  const sets = list
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name, replicas]) => (name && Number(replicas) > 0 ? [{ name: `statefulset/${name}`, replicas }] : []));
  if (sets.length === 0) return async () => {};
  await kubectl.run('-n', namespace, 'scale', '--replicas=0', ...sets.map(({ name }) => name));
  await kubectl.run('-n', namespace, 'wait', '--for=delete', 'pod', '-l', PODS_OF_SETS, '--timeout=120s');
  return async () => {
    for (const [replicas, alike] of Map.groupBy(sets, (set) => set.replicas)) {
      await kubectl.run('-n', namespace, 'scale', `--replicas=${replicas}`, ...alike.map(({ name }) => name));
    }
    for (const { name } of sets) await kubectl.run('-n', namespace, 'rollout', 'status', name, '--timeout=180s');
  };
}
