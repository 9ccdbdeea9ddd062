/** Sums a decision's replicas up by service and by node. Pure. */
import type { Decision, ReplicaDecision } from '../../contract/decision.ts';
import type { DecisionOverview, ReplicaSummary } from '../../contract/decision-overview.ts';

/** A change of weight that a page with one decimal of a percent shows. */
const VISIBLE_MOVE = 0.0005;

export function replicaCount({ services }: Decision): number {
  return services.reduce((sum, { replicas }) => sum + replicas.length, 0);
}

export function overviewOf(decision: Decision): DecisionOverview {
  const usedBy = new Map<string, [service: number, cores: number][]>(decision.nodes.map(({ name }) => [name, []]));
  const services = decision.services.map((service, index) => {
    for (const { node, cpuCores } of service.replicas) {
      const users = usedBy.get(node);
      const last = users?.at(-1);
      if (last?.[0] === index) last[1] += cpuCores;
      else users?.push([index, cpuCores]);
    }
    return { ...service, replicas: [] as [], summary: summaryOf(service.replicas) };
  });
  const nodes = decision.nodes.map((node) => ({
    ...node,
    usedBy: (usedBy.get(node.name) ?? []).map(([index, cores]): [number, number] => [index, milli(cores)]),
  }));
  return { ...decision, services, nodes };
}

function summaryOf(replicas: readonly ReplicaDecision[]): ReplicaSummary {
  let [moving, ready, lowestWeight, highestWeight] = [0, 0, 1, 0];
  for (const { weight, previous, state } of replicas) {
    if (Math.abs(weight - previous) >= VISIBLE_MOVE) moving++;
    if (state !== 'NotReady') ready++;
    lowestWeight = Math.min(lowestWeight, weight);
    highestWeight = Math.max(highestWeight, weight);
  }
  if (replicas.length === 0) lowestWeight = 0;
  return { replicas: replicas.length, moving, lowestWeight, highestWeight, equalShare: 1 / Math.max(1, ready) };
}

/** Thousandths are enough for a bar. */
function milli(cores: number): number {
  return Math.round(cores * 1000) / 1000;
}
