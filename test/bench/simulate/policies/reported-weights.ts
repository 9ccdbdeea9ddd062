import type { ReplicaReport } from '../fleet/ports.ts';

/** Seconds; the defaults of gRFC A58 and of Envoy. */
export const BLACKOUT = 10;
export const EXPIRATION = 180;
const ERROR_UTILISATION_PENALTY = 1;

/** gRFC A58: qps / (utilisation + eps / qps * penalty); `undefined` where the report says nothing usable. */
export function reportedWeight(report: ReplicaReport): number | undefined {
  const { requestsPerSecond: qps, errorsPerSecond: eps } = report;
  if (!(qps > 0)) return undefined;
  const utilisation = report.utilisation + (eps / qps) * ERROR_UTILISATION_PENALTY;
  return utilisation > 0 ? qps / utilisation : undefined;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 1;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 1;
  return (lower + upper) / 2;
}

interface Known {
  weight: number;
  /** When the first report came after none; infinite without reports. */
  since: number;
  updated: number;
}

/** The weights that one caller holds of its replicas, with their blackout and expiration (gRFC A58). */
export class ReportedWeights {
  readonly #known: readonly Known[];

  constructor(replicas: number) {
    this.#known = Array.from({ length: replicas }, () => ({
      weight: 1,
      since: Number.POSITIVE_INFINITY,
      updated: Number.NEGATIVE_INFINITY,
    }));
  }

  learn(replica: number, report: ReplicaReport, now: number): void {
    const known = this.#known[replica];
    const weight = reportedWeight(report);
    if (known === undefined || weight === undefined) return;
    known.weight = weight;
    known.updated = now;
    if (known.since === Number.POSITIVE_INFINITY) known.since = now;
  }

  /**
   * All weights; replicas without a usable one get the median of the others (Envoy; the gRFC takes the mean).
   * `undefined` while fewer than two are usable: then the policy is round robin.
   */
  usable(now: number): readonly number[] | undefined {
    const weights = this.#known.map((known) => {
      if (now - known.updated >= EXPIRATION) known.since = Number.POSITIVE_INFINITY;
      return now - known.since >= BLACKOUT ? known.weight : undefined;
    });
    const valid = weights.filter((weight) => weight !== undefined);
    if (valid.length < 2) return undefined;
    const missing = median(valid);
    return weights.map((weight) => weight ?? missing);
  }
}
