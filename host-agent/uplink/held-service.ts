/** One service as the agent holds it. */
import type { BalancedService } from '../../contract/sync-answer.ts';

interface HeldReplica {
  readonly name: string;
  /** `ip:port` */
  readonly address: string;
  /** Written in place: weights change much more often than anything else. */
  weight: number;
}

export interface HeldService extends BalancedService {
  readonly key: string;
  readonly replicas: readonly HeldReplica[];
  /** The controller's version of the service; 0: of another epoch, or of a controller of the version before. */
  version: number;
}

/** `weights`: the same replicas in the same order, with other weights. */
export type ServiceChange = 'weights' | 'rows';

export function changeOf(before: HeldService | undefined, after: HeldService): ServiceChange | undefined {
  const sameRows =
    before?.routing === after.routing &&
    before.pinning === after.pinning &&
    before.replicas.length === after.replicas.length &&
    after.replicas.every(({ name, address }, index) => {
      const held = before.replicas[index];
      return held?.name === name && held.address === address;
    });
  if (!sameRows) return 'rows';
  return after.replicas.some(({ weight }, index) => before.replicas[index]?.weight !== weight) ? 'weights' : undefined;
}

/** True when some weight is another than before. */
export function setWeights(service: HeldService, weights: Float64Array): boolean {
  let isChanged = false;
  service.replicas.forEach((replica, index) => {
    const weight = weights[index] ?? 0;
    if (replica.weight !== weight) isChanged = true;
    replica.weight = weight;
  });
  return isChanged;
}
