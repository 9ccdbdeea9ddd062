/** The fleet as a snapshot for `decide`. */
import type { AllocationInput } from '../../../central-controller/decide/allocate/allocation-input.ts';
import type { ServiceEstimate, Snapshot } from '../../../central-controller/model/snapshot.ts';

/** A healthy replica that has been known for a long time and reported just now. */
const USUAL = {
  ready: true,
  knownForMs: 3_600_000,
  ageMs: 500,
  evidence: 3000,
  idleCores: 0,
  inFlight: 1,
  meanInFlight: 1,
  meanLatencySeconds: 0.005,
  nonCpuSeconds: 0.001,
  nonCpuDeviation: 0.0005,
  nonCpuEvidence: 100,
  failureRatio: 0,
};

/** Relative standard error of the costs. */
const ERROR = 0.01;

export function snapshotOf(input: AllocationInput): Snapshot {
  const nodes = Array.from(input.capacityCores, (cores, n) => {
    const background = input.backgroundCores[n] ?? 0;
    return { name: `node-${n}`, cores, busyCores: background, backgroundCores: background, stealCores: 0, ageMs: 100 };
  });
  const services = Array.from(input.requestsPerSecond, (rate, s) => serviceOf(input, s, rate));
  return { at: 0, nodes, services };
}

function serviceOf(input: AllocationInput, service: number, requestsPerSecond: number): ServiceEstimate {
  const from = input.firstReplica[service] ?? 0;
  const to = input.firstReplica[service + 1] ?? 0;
  return {
    namespace: 'bench',
    name: `service-${service}`,
    mode: 'Enforce',
    objective: 'delay',
    shareWeight: input.shareWeight[service] ?? 1,
    requestsPerSecond,
    replicas: Array.from({ length: to - from }, (_, index) => {
      const cost = input.cost[from + index] ?? 0;
      const limit = input.limitCores[from + index] ?? Infinity;
      const rate = requestsPerSecond / (to - from);
      return {
        ...USUAL,
        name: `service-${service}-${index}`,
        node: `node-${input.node[from + index] ?? 0}`,
        cpuPerRequestSeconds: cost,
        cpuPerRequestDeviation: ERROR * cost,
        requestsPerSecond: rate,
        cpuCores: rate * cost,
        ...(limit < Infinity && { limitCores: limit }),
      };
    }),
  };
}
