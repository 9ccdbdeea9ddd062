/** From pods to replicas: which are ready, since when, and what CPU they have. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Pod } from '../kubernetes/objects.ts';
import type { PodCpu } from '../kubernetes/pod-cpu.ts';
import type { ReplicaTopology } from '../model/topology.ts';
import type { PodEndpoint } from './endpoints.ts';

/** Since when each pod is ready, by uid: ms of the controller's clock. */
export type KnownSince = ReadonlyMap<string, number>;

/**
 * Notes pods that became ready and forgets those that are gone. The first time (`before` undefined), a pod's own
 * condition says since when it is ready, so that a restart of the controller does not warm it up again.
 */
export function knownSince(pods: readonly Pod[], before: KnownSince | undefined, now: number): KnownSince {
  const since = new Map<string, number>();
  for (const pod of pods) {
    const uid = uidOf(pod);
    const known = before?.get(uid);
    if (known !== undefined) since.set(uid, known);
    else if (isReady(pod)) since.set(uid, before ? now : Math.min(now, readyTime(pod)));
  }
  return since;
}

/** When the kubelet saw it become ready, by the clock of its node; 0 if unknown. */
function readyTime(pod: Pod): number {
  const at = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '');
  return Number.isNaN(at) ? 0 : at;
}

function readyCondition({ status }: Pod) {
  return status?.conditions?.find((candidate) => candidate.type === 'Ready');
}

/** By the pod's own condition. A pod that is being deleted is not ready. */
function isReady(pod: Pod): boolean {
  const condition = readyCondition(pod);
  const ready = condition ? condition.status === 'True' : pod.status?.phase === 'Running';
  return ready && pod.metadata.deletionTimestamp === undefined;
}

/** A pod without a uid, as in a manifest written by hand, is known by its name. */
export function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? qualifiedName(metadata);
}

/** Has it a node and an address? Only then it is a replica. */
export function isPlaced({ spec, status }: Pod, nodes: ReadonlySet<string>): boolean {
  if (spec.nodeName === undefined || !nodes.has(spec.nodeName) || status?.podIP === undefined) return false;
  return status.phase !== 'Succeeded' && status.phase !== 'Failed';
}

/**
 * The replica of a pod that `isPlaced`. It is ready if both the pod and its endpoint are: a pod becomes ready before
 * proxies know its endpoint, and Subset routing would answer 503 until then; a pod that ends says so before its endpoint.
 */
export function replicaOf(
  pod: Pod,
  since: KnownSince,
  endpoint: PodEndpoint,
  cpu: Omit<PodCpu, 'faults'>,
): ReplicaTopology {
  const uid = uidOf(pod);
  return {
    name: pod.metadata.name,
    uid,
    node: pod.spec.nodeName ?? '',
    addresses: endpoint.addresses,
    ready: isReady(pod) && endpoint.ready,
    since: since.get(uid) ?? 0,
    ...cpu,
  };
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** `search-2` before `search-10`: the trailing number counts as a number. No two names count as equal. */
export function byReplicaName(a: { readonly name: string }, b: { readonly name: string }): number {
  return COLLATOR.compare(a.name, b.name) || (a.name < b.name ? -1 : Number(a.name > b.name));
}
