/** What is measured, in its order. */
import type { Balancer } from '../../../tools/local-mesh/report/phases.ts';

/** Replicas and who balances them; one replica needs nobody. */
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

/** The crowd, whose latency is told second by second; a neighbour takes CPU of one node in the second half. */
export const CROWD = { clients: 50, seconds: 60, neighbourFromSeconds: 30 } as const;
/** What the neighbour takes of its node. */
export const NEIGHBOUR_PART = 0.7;

export function nameOf({ replicas, balancer }: Setting): string {
  if (replicas === 1) return '1 replica';
  return `${replicas} replicas, ${balancer === 'ballast' ? 'Ballast' : 'LEAST_REQUEST'}`;
}
