/** The decision: from what is known to the weights in force, each with its reasons. */
import type { Decision } from '../contract/decision.ts';
import type { Snapshot } from '../estimate/snapshot.ts';
import type { DecisionPolicy } from './policy.ts';

/**
 * Decides one tick. Total: whatever the snapshot holds, the weights of each service with a ready replica sum to 1.
 *
 * @param previous the decision in force, which damping starts from; undefined at the start
 * @param now controller's wall clock, ms
 */
export function decide(
  snapshot: Snapshot,
  policy: DecisionPolicy,
  previous: Decision | undefined,
  now: number,
): Decision {
  void policy;
  return {
    tick: previous ? previous.tick + 1 : 0,
    at: now,
    certificate: 0,
    changed: previous === undefined,
    nodes: snapshot.nodes.map(({ name, cores, busyCores, backgroundCores, stealCores }) => ({
      name,
      cores,
      busyCores,
      backgroundCores,
      stealCores,
      predictedUtilisation: 0,
      stale: true,
    })),
    services: snapshot.services.map((service) => {
      const ready = service.replicas.filter((replica) => replica.ready).length;
      return {
        namespace: service.namespace,
        name: service.name,
        mode: service.mode,
        demandCores: 0,
        servedCores: 0,
        fairShareCores: 0,
        requestsPerSecond: service.requestsPerSecond,
        replicas: service.replicas.map((replica) => ({
          name: replica.name,
          node: replica.node,
          state: replica.ready ? ('Learning' as const) : ('NotReady' as const),
          weight: replica.ready ? 1 / ready : 0,
          target: replica.ready ? 1 / ready : 0,
          previous: replica.ready ? 1 / ready : 0,
          limits: [],
          cpuPerRequestSeconds: replica.cpuPerRequestSeconds,
          cpuPerRequestDeviation: replica.cpuPerRequestDeviation,
          requestsPerSecond: replica.requestsPerSecond,
          cpuCores: replica.cpuCores,
          capacityCores: 0,
          inFlight: replica.inFlight,
          meanInFlight: replica.meanInFlight,
          meanLatencySeconds: replica.meanLatencySeconds,
          failureRatio: replica.failureRatio,
          hiddenSeconds: 0,
        })),
      };
    }),
  };
}
