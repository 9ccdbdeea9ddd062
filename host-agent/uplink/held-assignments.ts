/** The assignments that the agent holds: lines in, the last good state out until it expires. Pure; time is passed. */
import type { AssignmentUpdate, PodCpuGrant, ServiceAssignment } from '../../contract/assignment.ts';
import { qualifiedName, serviceOfKey } from '../../contract/names.ts';
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
}

/** What a line changed. */
export interface Change {
  /** Services that are others than before; `weights`: the same replicas in the same order, with other weights. */
  readonly services: ReadonlyMap<string, 'weights' | 'rows'>;
  /** The CPU utilisation of some pod changed. */
  readonly utilisation: boolean;
  /** Nothing was held before, or of services that nobody named before it is now known that nobody balances them. */
  readonly opened: boolean;
}

export class HeldAssignments {
  readonly #services = new Map<string, HeldService>();
  readonly #utilisation = new Map<string, number>();
  #cpuGrants: readonly PodCpuGrant[] = [];
  #knowsAll = false;
  #validUntil: number | undefined;
  #validForMs = 0;
  #version = 0;

  get services(): ReadonlyMap<string, HeldService> {
    return this.#services;
  }

  /** The grants of this node's pods: the same list until it changes. */
  get cpuGrants(): readonly PodCpuGrant[] {
    return this.#cpuGrants;
  }

  /** When what is held may no longer be used; undefined while nothing is held. */
  get validUntil(): number | undefined {
    return this.#validUntil;
  }

  /** For how long each line is good, ms. */
  get validForMs(): number {
    return this.#validForMs;
  }

  /** The controller's number of the last line; 0: none has come yet. */
  get version(): number {
    return this.#version;
  }

  /** Whether it is known how the service is balanced, or that it is not. */
  isKnown(key: string): boolean {
    return this.#knowsAll || this.#services.has(key);
  }

  /** CPU utilisation of a pod, `<namespace>/<pod>`; undefined where it is not known. */
  utilisationOf(pod: string): number | undefined {
    return this.#utilisation.get(pod);
  }

  apply(update: AssignmentUpdate, now: number): Change {
    const services = new Map<string, 'weights' | 'rows'>();
    const opened = this.#validUntil === undefined || (update.full && !this.#knowsAll);
    const gone = new Set(update.full ? this.#services.keys() : update.removed);
    const utilisation = this.#takeUtilisation(update);
    for (const service of update.services) {
      gone.delete(service.key);
      const change = changeOf(this.#services.get(service.key), service);
      if (change !== undefined) services.set(service.key, change);
      if (change === 'rows') this.#services.set(service.key, copyOf(service));
      else if (change === 'weights') this.#setWeights(service);
    }
    for (const key of gone) {
      const service = this.#services.get(key);
      if (service === undefined) continue;
      this.#forget(service);
      services.set(key, 'rows');
    }
    if (update.full) this.#knowsAll = true;
    if (update.full || update.cpu) this.#cpuGrants = update.cpu ?? [];
    this.#renew(update.version, update.validForMs, now);
    return { services, utilisation, opened };
  }

  /** Forgets everything once its time is over; true when it just was. */
  expire(now: number): boolean {
    if (this.#validUntil === undefined || now < this.#validUntil) return false;
    this.#services.clear();
    this.#utilisation.clear();
    this.#cpuGrants = [];
    this.#knowsAll = false;
    this.#validUntil = undefined;
    return true;
  }

  /** True when that of some pod changed. */
  #takeUtilisation({ services }: AssignmentUpdate): boolean {
    let isChanged = false;
    for (const { key, replicas } of services) {
      const { namespace } = serviceOfKey(key);
      for (const { name, cpuUtilisation } of replicas) {
        const pod = qualifiedName({ namespace, name });
        if (cpuUtilisation === this.#utilisation.get(pod)) continue;
        if (cpuUtilisation === undefined) this.#utilisation.delete(pod);
        else this.#utilisation.set(pod, cpuUtilisation);
        isChanged = true;
      }
    }
    return isChanged;
  }

  #forget({ key, replicas }: HeldService): void {
    const { namespace } = serviceOfKey(key);
    for (const { name } of replicas) this.#utilisation.delete(qualifiedName({ namespace, name }));
    this.#services.delete(key);
  }

  #setWeights({ key, replicas }: BalancedService & { readonly key: string }): void {
    this.#services.get(key)?.replicas.forEach((replica, index) => {
      replica.weight = replicas[index]?.weight ?? 0;
    });
  }

  #renew(version: number, validForMs: number, now: number): void {
    this.#version = version;
    this.#validForMs = validForMs;
    this.#validUntil = now + validForMs;
  }
}

function copyOf({ key, routing, pinning, replicas }: ServiceAssignment): HeldService {
  return { key, routing, pinning, replicas: replicas.map(({ name, address, weight }) => ({ name, address, weight })) };
}

function changeOf(before: HeldService | undefined, after: ServiceAssignment): 'weights' | 'rows' | undefined {
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
