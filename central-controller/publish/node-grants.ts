/** The CPU grants of a decision, by the node whose agent sets them. */
import { qualifiedName } from '../../contract/names.ts';
import type { PodCpuGrant } from '../../contract/assignment.ts';
import type { Decision } from '../../contract/decision.ts';
import type { Topology } from '../model/topology.ts';

/** By node; nodes without grants are left out. */
export type NodeGrants = ReadonlyMap<string, readonly PodCpuGrant[]>;

const NO_GRANTS: NodeGrants = new Map();

/** Grants of all enforced services. A node whose grants did not change keeps the same list as `before`. */
export function nodeGrants(decision: Decision, topology: Topology, before: NodeGrants): NodeGrants {
  if (topology.services.every(({ cpuControl }) => cpuControl === undefined)) return NO_GRANTS;
  const uids = new Map(
    topology.services
      .filter(({ cpuControl }) => cpuControl !== undefined)
      .flatMap(({ namespace, replicas }) =>
        replicas.map(({ name, uid }) => [qualifiedName({ namespace, name }), uid] as const),
      ),
  );
  const grants = new Map<string, PodCpuGrant[]>();
  for (const { namespace, mode, replicas } of decision.services) {
    if (mode !== 'Enforce') continue;
    for (const { name, node, cpuGrant } of replicas) {
      const uid = uids.get(qualifiedName({ namespace, name }));
      if (uid === undefined || cpuGrant === undefined) continue;
      const onNode = grants.get(node) ?? [];
      grants.set(node, onNode);
      onNode.push({ uid, ...cpuGrant });
    }
  }
  return new Map([...grants].map(([node, next]) => [node, unchanged(before.get(node), next) ?? next]));
}

function unchanged(before: readonly PodCpuGrant[] | undefined, next: readonly PodCpuGrant[]) {
  const same =
    before?.length === next.length &&
    next.every(({ uid, shares, quotaCores }, index) => {
      const held = before[index];
      return held?.uid === uid && held.shares === shares && held.quotaCores === quotaCores;
    });
  return same ? before : undefined;
}
