/** The conditions, in the order in which they are measured. */
import type { Balancer } from '../../../tools/local-mesh/report/phases.ts';

/** Replicas and their balancer; one replica has none. */
export interface Setting {
  readonly replicas: number;
  readonly balancer: Balancer;
}

export const SETTINGS: readonly Setting[] = [
  { replicas: 1, balancer: 'default' },
  { replicas: 3, balancer: 'default' },
  { replicas: 3, balancer: 'ballast' },
];

export const CLIENT_COUNTS = [1, 10] as const;
export const REQUESTS_PER_CLIENT = 100;

/** The crowd: its latency is reported by the second, and a neighbour uses CPU of one node in the second half. */
export const CROWD = { clients: 50, seconds: 60, neighbourFromSeconds: 30 } as const;
/** Fraction of its node that the neighbour uses. */
export const NEIGHBOUR_PART = 0.7;

export function nameOf({ replicas, balancer }: Setting): string {
  if (replicas === 1) return '1 replica';
  return `${replicas} replicas, ${balancer === 'ballast' ? 'Ballast' : 'LEAST_REQUEST'}`;
}
