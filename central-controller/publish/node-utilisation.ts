/** CPU utilisation of the balanced pods of each node. Their proxies pass it on to callers. */
import type { Decision } from '../../contract/decision.ts';
import { qualifiedName } from '../../contract/names.ts';
import { cpuUtilisation } from './published-service.ts';

/** `<namespace>/<pod>`, and CPU in use over what the pod could have of its node. */
export type PodUtilisation = readonly [pod: string, utilisation: number];

export type NodeUtilisation = ReadonlyMap<string, readonly PodUtilisation[]>;

/** Utilisation differs in each sample. A smaller move is not worth a line. */
export const UTILISATION_MOVE = 0.05;

/** As precise as the header in which proxies pass it on. */
const STEPS = 1_000;

/** Utilisation of enforced services. A node whose values moved little keeps the same list as `before`. */
export function nodeUtilisation(decision: Decision, before: NodeUtilisation): NodeUtilisation {
  const byNode = new Map<string, PodUtilisation[]>();
  for (const { namespace, mode, replicas } of decision.services) {
    if (mode !== 'Enforce') continue;
    for (const replica of replicas) {
      const used = replica.state === 'NotReady' ? undefined : cpuUtilisation(replica);
      if (used === undefined) continue;
      const pod = qualifiedName({ namespace, name: replica.name });
      const onNode = byNode.get(replica.node);
      const entry: PodUtilisation = [pod, Math.round(used * STEPS) / STEPS];
      if (onNode) onNode.push(entry);
      else byNode.set(replica.node, [entry]);
    }
  }
  return new Map([...byNode].map(([node, pods]) => [node, unmoved(before.get(node), pods) ?? pods]));
}

function unmoved(before: readonly PodUtilisation[] | undefined, pods: readonly PodUtilisation[]) {
  const isSame =
    before?.length === pods.length &&
    pods.every(([pod, used], index) => {
      const held = before[index];
      return held?.[0] === pod && Math.abs(held[1] - used) <= UTILISATION_MOVE;
    });
  return isSame ? before : undefined;
}
