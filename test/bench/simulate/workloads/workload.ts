import type { Distribution } from '../fleet/random.ts';
import type { ReplicaPlan } from '../fleet/replica.ts';
import type { NodeShape } from '../fleet/ports.ts';

/** When requests come: Poisson, or in bursts (a Poisson process that a two-state Markov chain switches: MMPP). */
export interface Arrivals {
  /** Mean of all callers together. */
  readonly requestsPerSecond: number;
  /** Rate while bursting over the rate otherwise, and the mean lengths of both, seconds. */
  readonly bursts?: { readonly factor: number; readonly seconds: number; readonly calmSeconds: number };
}

export interface ServicePlan {
  readonly name: string;
  readonly callers: number;
  readonly replicas: readonly ReplicaPlan[];
  readonly arrivals: Arrivals;
  /** CPU per request, seconds on a core of speed 1. */
  readonly work: Distribution;
}

/** Work beside the replicas: its demand jumps among `levels`, each with the same probability, after exponential times. */
export interface Antagonist {
  readonly node: number;
  readonly weight: number;
  /** Cores. */
  readonly levels: readonly number[];
  readonly holdSeconds: number;
}

export interface Workload {
  readonly name: string;
  /** One line on what makes it hard. */
  readonly about: string;
  readonly nodes: readonly NodeShape[];
  readonly services: readonly ServicePlan[];
  readonly antagonists?: readonly Antagonist[];
  /** A node that gets another size. */
  readonly resize?: { readonly node: number; readonly cores: number; readonly atSeconds: number };
  /** How long requests are counted, seconds after the warm-up. */
  readonly seconds: number;
}
