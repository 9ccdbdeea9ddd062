/** Names of a StatefulSet's replicas, and which of them Istio takes as names of subsets. */

/** `<name>-<start>` and so on, as a StatefulSet names its pods. */
export function replicaNames(name: string, count: number, start = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${start + index}`);
}

/** Why a replica's name cannot become the name of an Istio subset, which may hold no dots; undefined where it can. */
export function subsetNameProblem(replica: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(replica)) return undefined;
  return `${replica} cannot be the name of a subset: use Endpoint routing, or a StatefulSet name without dots`;
}
