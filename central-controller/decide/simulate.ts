/** A simulation: the same decision on a changed snapshot. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import { type Result, success } from '../../contract/result.ts';
import type { SimulatedChange, Simulation } from '../../contract/simulation.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { queueingDelay, SATURATED_UTILISATION } from '../estimate/queueing-delay.ts';
import { applyChanges } from './apply-changes.ts';
import { decide } from './decide.ts';
import type { DecisionSettings } from './settings.ts';

/**
 * The weights at which the loop would settle before and after the changes, with utilisations and delays. Services in
 * mode Observe count as enforced. A service's demand is that of its own replicas: more requests to one service do not
 * raise the demand of those it calls, unless the changes say so.
 *
 * @param tick of the decision that rests on the snapshot
 */
export function simulate(
  snapshot: Snapshot,
  settings: DecisionSettings,
  changes: readonly SimulatedChange[],
  tick: number,
): Result<Simulation> {
  const changed = applyChanges(snapshot, changes);
  if (!changed.ok) return changed;
  const before = settled(snapshot, settings);
  const after = settled(changed.value, settings);
  const utilisationBefore = new Map(before.nodes.map(({ name, predictedUtilisation }) => [name, predictedUtilisation]));
  return success({
    tick,
    at: snapshot.at,
    optimalityGap: Math.max(before.optimalityGap, after.optimalityGap),
    nodes: after.nodes.map(({ name, cores, predictedUtilisation }) => ({
      name,
      cores,
      utilisation: { before: utilisationBefore.get(name) ?? 0, after: predictedUtilisation },
    })),
    services: after.services.map((service, index) => compared(service, after, before.services[index], before)),
    warnings: warningsOf(after),
  });
}

function settled({ at, nodes, services }: Snapshot, settings: DecisionSettings): Decision {
  const enforced = services.map((service) =>
    service.mode === 'Observe' ? { ...service, mode: 'Enforce' as const } : service,
  );
  return decide({ at, nodes, services: enforced }, settings, undefined, at);
}

function compared(
  service: ServiceDecision,
  after: Decision,
  old: ServiceDecision | undefined,
  before: Decision,
): Simulation['services'][number] {
  const figures = (read: (of: ServiceDecision) => number) => ({ before: old ? read(old) : 0, after: read(service) });
  return {
    namespace: service.namespace,
    name: service.name,
    requestsPerSecond: figures(({ requestsPerSecond }) => requestsPerSecond),
    demandCores: figures(({ demandCores }) => demandCores),
    servedCores: figures(({ servedCores }) => servedCores),
    delaySeconds: { before: old ? delayOf(old, before) : 0, after: delayOf(service, after) },
    replicas: service.replicas.map(({ name, node, target }, at) => ({
      name,
      node,
      weight: { before: old?.replicas[at]?.target ?? 0, after: target },
    })),
  };
}

/** By the model that the estimator uses, at the predicted utilisation. */
function delayOf({ replicas }: ServiceDecision, { nodes }: Decision): number {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return replicas.reduce((sum, { node: name, target, cpuPerRequestSeconds, nonCpuSeconds }) => {
    const node = byName.get(name);
    const waiting = node ? queueingDelay(node.predictedUtilisation, Math.max(0.01, node.cores - node.stealCores)) : 0;
    return sum + target * (cpuPerRequestSeconds * (1 + waiting) + nonCpuSeconds);
  }, 0);
}

function warningsOf({ nodes, services }: Decision): string[] {
  return [
    ...nodes
      .filter(({ predictedUtilisation }) => predictedUtilisation > SATURATED_UTILISATION)
      .map(({ name }) => `node ${name}: it would be full, and delays there longer than predicted`),
    ...services.flatMap(({ namespace, name, replicas, demandCores, servedCores }) => {
      const service = `service ${qualifiedName({ namespace, name })}`;
      if (replicas.every(({ state }) => state === 'NotReady')) return [`${service}: no ready replica would be left`];
      if (replicas.some(({ state }) => state === 'Learning')) {
        return [`${service}: too little is known of it, its replicas count as equal`];
      }
      const missing = demandCores - servedCores;
      if (missing <= 0.01 * demandCores) return [];
      return [`${service}: ${missing.toFixed(2)} of the ${demandCores.toFixed(2)} cores asked for could not be served`];
    }),
  ];
}
