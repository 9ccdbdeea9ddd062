/** Decisions to show. */
import type { Decision, NodeDecision, ReplicaDecision, ServiceDecision } from '../../../contract/decision.ts';

export function replica(name: string, node: string, given: Partial<ReplicaDecision> = {}): ReplicaDecision {
  return {
    name,
    node,
    state: 'Active',
    weight: 0.5,
    target: 0.5,
    previous: 0.5,
    limits: [],
    cpuPerRequestSeconds: 0.002,
    cpuPerRequestDeviation: 0.0001,
    requestsPerSecond: 50,
    cpuCores: 0.1,
    capacityCores: 0.3,
    inFlight: 1,
    meanInFlight: 0.8,
    meanLatencySeconds: 0.004,
    failureRatio: 0,
    nonCpuSeconds: 0,
    ...given,
  };
}

export function service(name: string, replicas: ReplicaDecision[]): ServiceDecision {
  return {
    namespace: 'shop',
    name,
    mode: 'Enforce',
    demandCores: 0.2,
    servedCores: 0.2,
    fairShareCores: 0.4,
    requestsPerSecond: 100,
    replicas,
  };
}

export function node(name: string, given: Partial<NodeDecision> = {}): NodeDecision {
  return {
    name,
    cores: 1,
    busyCores: 0.5,
    backgroundCores: 0,
    stealCores: 0,
    predictedUtilisation: 0.5,
    stale: false,
    ...given,
  };
}

/** Two services on two nodes; a neighbour takes 0.3 cores of the second. */
export function decision(given: Partial<Decision> = {}): Decision {
  return {
    tick: 1,
    at: 1_000_000,
    optimalityGap: 0,
    changed: true,
    nodes: [node('node-10', { busyCores: 0.6, backgroundCores: 0.3 }), node('node-2', { busyCores: 0.3 })],
    services: [
      service('search', [replica('search-0', 'node-2'), replica('search-1', 'node-10', { cpuCores: 0.2 })]),
      service('geo', [replica('geo-0', 'node-2', { cpuCores: 0.2 }), replica('geo-1', 'node-10')]),
    ],
    ...given,
  };
}
