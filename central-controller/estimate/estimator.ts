/** Folds windows into estimates, and estimates with the topology into a snapshot. */
import type { Topology } from '../cluster/topology.ts';
import type { Window } from '../collect/windows.ts';
import { NEVER_MS, type Snapshot } from './snapshot.ts';

/** All that is remembered. Plain data, owned by the caller and changed in place by the functions below. */
export interface Estimates {
  readonly nodes: Map<string, unknown>;
}

export function createEstimates(): Estimates {
  return { nodes: new Map() };
}

/** Takes one window in. Windows of one source come in order; those of different sources in any. */
export function observe(estimates: Estimates, window: Window): void {
  void [estimates, window];
}

/**
 * What is known at `now` (controller's clock, ms). The estimator learns from the topology which pod is which replica,
 * and forgets what the topology no longer holds; so take a snapshot once before the first window.
 */
export function snapshot(estimates: Estimates, topology: Topology, now: number): Snapshot {
  void estimates;
  return {
    at: now,
    nodes: topology.nodes.map(({ name }) => ({
      name,
      cores: 0,
      busyCores: 0,
      backgroundCores: 0,
      stealCores: 0,
      ageMs: NEVER_MS,
    })),
    services: topology.services.map(({ namespace, name, mode, objective, shareWeight, replicas }) => ({
      namespace,
      name,
      mode,
      objective,
      shareWeight,
      requestsPerSecond: 0,
      replicas: replicas.map((replica) => ({
        name: replica.name,
        node: replica.node,
        ready: replica.ready,
        knownForMs: Math.max(0, now - replica.since),
        ageMs: NEVER_MS,
        evidence: 0,
        cpuPerRequestSeconds: 0,
        cpuPerRequestDeviation: 0,
        requestsPerSecond: 0,
        cpuCores: 0,
        inFlight: 0,
        meanInFlight: 0,
        meanLatencySeconds: 0,
        meanLatencyDeviation: 0,
        failureRatio: 0,
      })),
    })),
  };
}
