/** Made-up decisions. */
import type { Topology } from '../../../central-controller/model/topology.ts';
import type { Decision, ReplicaState } from '../../../contract/decision.ts';

export interface Made {
  /** Of the ready replicas; `Active` unless said otherwise. */
  readonly state?: ReplicaState;
  readonly requestsPerSecond?: number;
  /** 0 while nothing was measured. */
  readonly cpuPerRequestSeconds?: number;
  /** Nodes of which no agent reports. */
  readonly silent?: readonly string[];
}

/** Equal weights for all ready replicas. */
export function decisionOn(
  { nodes, services }: Topology,
  at: number,
  { state = 'Active', requestsPerSecond = 1, cpuPerRequestSeconds = 0, silent = [] }: Made = {},
): Decision {
  const figures = { cpuPerRequestSeconds, cpuPerRequestDeviation: 0, requestsPerSecond, cpuCores: 0 };
  const quiet = { capacityCores: 0, inFlight: 0, meanInFlight: 0, meanLatencySeconds: 0, failureRatio: 0 };
  return {
    tick: 1,
    at,
    optimalityGap: 0,
    changed: false,
    nodes: nodes.map(({ name }) => ({
      name,
      cores: 1,
      busyCores: 0,
      backgroundCores: 0,
      stealCores: 0,
      predictedUtilisation: 0,
      stale: silent.includes(name),
    })),
    services: services.map(({ namespace, name, mode, replicas }) => {
      const weight = 1 / Math.max(1, replicas.filter(({ ready }) => ready).length);
      return {
        namespace,
        name,
        mode,
        demandCores: 0,
        servedCores: 0,
        fairShareCores: 0,
        requestsPerSecond,
        replicas: replicas.map((replica) => ({
          ...figures,
          ...quiet,
          nonCpuSeconds: 0,
          name: replica.name,
          node: replica.node,
          state: replica.ready ? state : 'NotReady',
          weight: replica.ready ? weight : 0,
          target: weight,
          previous: weight,
          limits: [],
        })),
      };
    }),
  };
}
