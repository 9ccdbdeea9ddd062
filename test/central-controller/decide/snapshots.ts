/** Snapshots for tests: a plain one to vary, and any at all. */
import fc from 'fast-check';
import type {
  NodeEstimate,
  ReplicaEstimate,
  ServiceEstimate,
  Snapshot,
} from '../../../central-controller/model/snapshot.ts';

export function nodeEstimate(name: string, more: Partial<NodeEstimate> = {}): NodeEstimate {
  return { name, cores: 1, busyCores: 0.5, backgroundCores: 0, stealCores: 0, ageMs: 100, ...more };
}

/** A replica that has served for long, at 100 requests/s of 1 ms CPU each. */
export function replicaEstimate(name: string, node: string, more: Partial<ReplicaEstimate> = {}): ReplicaEstimate {
  return {
    name,
    node,
    ready: true,
    knownForMs: 3_600_000,
    ageMs: 500,
    evidence: 3000,
    cpuPerRequestSeconds: 0.001,
    cpuPerRequestDeviation: 0.00001,
    requestsPerSecond: 100,
    cpuCores: 0.1,
    idleCores: 0,
    inFlight: 1,
    meanInFlight: 0.2,
    meanLatencySeconds: 0.002,
    nonCpuSeconds: 0.0005,
    nonCpuDeviation: 0.0001,
    nonCpuEvidence: 300,
    failureRatio: 0,
    ...more,
  };
}

export function serviceEstimate(
  name: string,
  replicas: readonly ReplicaEstimate[],
  more: Partial<ServiceEstimate> = {},
): ServiceEstimate {
  return {
    namespace: 'shop',
    name,
    mode: 'Enforce',
    objective: 'delay',
    shareWeight: 1,
    requestsPerSecond: replicas.reduce((sum, replica) => sum + replica.requestsPerSecond, 0),
    replicas,
    ...more,
  };
}

const REQUIRED = [
  'name',
  'node',
  'ready',
  'knownForMs',
  'ageMs',
  'evidence',
  'cpuPerRequestSeconds',
  'cpuPerRequestDeviation',
  'requestsPerSecond',
  'cpuCores',
  'idleCores',
  'inFlight',
  'meanInFlight',
  'meanLatencySeconds',
  'nonCpuSeconds',
  'nonCpuDeviation',
  'nonCpuEvidence',
  'failureRatio',
] as const;

const anyFigure = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: 0, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, NaN, Infinity, -Infinity, 5e-324, 1.7e308) },
);

/** Neither unique names nor sensible figures: what no correct estimator would say. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  at: anyFigure,
  nodes: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      cores: anyFigure,
      busyCores: anyFigure,
      backgroundCores: anyFigure,
      stealCores: anyFigure,
      ageMs: anyFigure,
    }),
    { maxLength: 5 },
  ),
  services: fc.array(
    fc.record({
      namespace: fc.constantFrom('x', 'y'),
      name: fc.constantFrom('p', 'q', 'r'),
      mode: fc.constantFrom('Observe' as const, 'Enforce' as const, 'Off' as const),
      objective: fc.constantFrom('delay' as const, 'level' as const),
      shareWeight: anyFigure,
      limits: fc.record(
        { minWeight: anyFigure, maxWeight: anyFigure, maxStepPerSecond: anyFigure, warmUpSeconds: anyFigure },
        { requiredKeys: [] },
      ),
      requestsPerSecond: anyFigure.map((value) => value * 100),
      replicas: fc.array(
        fc.record(
          {
            name: fc.constantFrom('p-0', 'p-1', 'p-2', 'p-3'),
            node: fc.constantFrom('a', 'b', 'c', 'nowhere'),
            ready: fc.boolean(),
            knownForMs: anyFigure.map((value) => value * 10_000),
            ageMs: anyFigure.map((value) => value * 1000),
            evidence: anyFigure.map((value) => value * 100),
            cpuPerRequestSeconds: anyFigure.map((value) => value / 100),
            cpuPerRequestDeviation: anyFigure.map((value) => value / 1000),
            requestsPerSecond: anyFigure,
            cpuCores: anyFigure,
            idleCores: anyFigure,
            limitCores: anyFigure,
            inFlight: anyFigure,
            meanInFlight: anyFigure,
            meanLatencySeconds: anyFigure,
            nonCpuSeconds: anyFigure,
            nonCpuDeviation: anyFigure,
            nonCpuEvidence: anyFigure,
            failureRatio: anyFigure,
          },
          { requiredKeys: [...REQUIRED] },
        ),
        { maxLength: 6 },
      ),
    }),
    { maxLength: 5 },
  ),
});
