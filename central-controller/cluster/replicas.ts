/** From pods and endpoints to replicas: which are ready, since when, and what CPU they have. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import { type Container, type EndpointSlice, type Pod, SERVICE_NAME_LABEL } from '../kubernetes/objects.ts';
import type { ReplicaTopology } from '../model/topology.ts';

/** Since when each pod is ready, by uid: ms of the controller's clock. */
export type KnownSince = ReadonlyMap<string, number>;

/**
 * Notes pods that became ready and forgets those that are gone. What is ready at the very first time (`before`
 * undefined) became so when it says, or long ago: a restart of the controller does not warm it up again.
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

/** When the kubelet saw it become ready, by the clock of its node; 0 where nobody says. */
function readyTime(pod: Pod): number {
  const at = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '');
  return Number.isNaN(at) ? 0 : at;
}

function readyCondition({ status }: Pod) {
  return status?.conditions?.find((candidate) => candidate.type === 'Ready');
}

/** By the pod's own word. One that is being deleted is not ready, whatever its condition says. */
function isReady(pod: Pod): boolean {
  const condition = readyCondition(pod);
  const ready = condition ? condition.status === 'True' : pod.status?.phase === 'Running';
  return ready && pod.metadata.deletionTimestamp === undefined;
}

/**
 * Uids of the pods that proxies are told to send to, by Service. A pod that says it is ready before its endpoint is known
 * would in Subset routing get requests that no proxy can deliver; one that is going is known from itself first. So it
 * takes both to be ready, and one to be not.
 */
export function readyEndpoints(slices: readonly EndpointSlice[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ready = new Map<string, Set<string>>();
  for (const { metadata, endpoints = [] } of slices) {
    const service = metadata.labels?.[SERVICE_NAME_LABEL];
    if (service === undefined) continue;
    const key = qualifiedName({ ...metadata, name: service });
    const uids = ready.get(key) ?? new Set();
    ready.set(key, uids);
    for (const { conditions = {}, targetRef } of endpoints) {
      // Absent means ready.
      if (targetRef?.uid !== undefined && conditions.ready !== false && !conditions.terminating)
        uids.add(targetRef.uid);
    }
  }
  return ready;
}

/** A pod without a uid, as in a manifest written by hand, is known by its name. */
function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? qualifiedName(metadata);
}

export const NO_PODS: ReadonlySet<string> = new Set();

/** `endpoints`: uids of the pods that proxies are told of; undefined where there is nobody to tell them. */
export function replicaOf(
  pod: Pod,
  nodes: ReadonlySet<string>,
  since: KnownSince,
  endpoints: ReadonlySet<string> | undefined,
): ReplicaTopology | undefined {
  const { metadata, spec, status } = pod;
  if (spec.nodeName === undefined || !nodes.has(spec.nodeName) || status?.podIP === undefined) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const uid = uidOf(pod);
  const limitCores = cpuLimitCores(pod);
  const requestCores = cpuRequestCores(pod);
  return {
    name: metadata.name,
    uid,
    node: spec.nodeName,
    ip: status.podIP,
    ready: isReady(pod) && (endpoints?.has(uid) ?? true),
    since: since.get(uid) ?? 0,
    ...(limitCores !== undefined && { limitCores }),
    ...(requestCores !== undefined && { requestCores }),
  };
}

/** Resources of the containers that run beside each other. */
function resourcesOf({ spec }: Pod): NonNullable<Container['resources']>[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...(spec.containers ?? []), ...sidecars].map(({ resources }) => resources ?? {});
}

/** Sum of the CPU limits, or undefined when one container has none. */
function cpuLimitCores(pod: Pod): number | undefined {
  const limits = resourcesOf(pod).map((resources) => resources.limits?.cpu);
  return limits.includes(undefined) ? undefined : sumOfCores(limits);
}

/** Sum of the CPU requests; a container with a limit alone requests that, as Kubernetes has it. */
function cpuRequestCores(pod: Pod): number | undefined {
  return sumOfCores(resourcesOf(pod).map(({ requests, limits }) => requests?.cpu ?? limits?.cpu));
}

/** What a CPU quantity's suffix stands for, in cores. */
const UNITS: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3 };

/** Undefined where it would be 0. */
function sumOfCores(quantities: readonly (string | number | undefined)[]): number | undefined {
  const nano = quantities.reduce<number>((sum, quantity = 0) => {
    const text = String(quantity);
    const unit = UNITS[text.slice(-1)];
    // Whole numbers: thousandths do not add up exactly as fractions.
    return sum + Math.round(unit === undefined ? 1e9 * Number(text) : 1e9 * unit * Number(text.slice(0, -1)));
  }, 0);
  return nano > 0 ? nano / 1e9 : undefined;
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** `search-2` before `search-10`: the trailing number counts as a number. No two names count as equal. */
export function byReplicaName(a: { readonly name: string }, b: { readonly name: string }): number {
  return COLLATOR.compare(a.name, b.name) || (a.name < b.name ? -1 : Number(a.name > b.name));
}
