/** The assignments that the agent holds: updates in, the last good state out, until it expires. Pure; time is passed. */
import type { AssignmentUpdate, PodCpuGrant, ReplicaAssignment, ServiceAssignment } from '../../contract/assignment.ts';

/** What an update changed: the `table` that proxies hold, or `none` (a heartbeat, or what was known already). */
export type Change = 'none' | 'table';

export class HeldAssignments {
  #services = new Map<string, ServiceAssignment>();
  #cpuGrants: readonly PodCpuGrant[] = [];
  #validUntil: number | undefined;
  #validForMs = 0;
  #version = 0;

  get services(): readonly ServiceAssignment[] {
    return [...this.#services.values()];
  }

  /** What this node's pods are granted: the same list until it changes. */
  get cpuGrants(): readonly PodCpuGrant[] {
    return this.#cpuGrants;
  }

  /** When what is held may no longer be used; undefined when nothing has come yet or it has expired. */
  get validUntil(): number | undefined {
    return this.#validUntil;
  }

  /** For how long each update is good, ms. */
  get validForMs(): number {
    return this.#validForMs;
  }

  /** The controller's number of the last update. */
  get version(): number {
    return this.#version;
  }

  apply(update: AssignmentUpdate, now: number): Change {
    let change: Change = this.#validUntil === undefined ? 'table' : 'none';
    const gone = new Set(update.full ? this.#services.keys() : update.removed);
    for (const service of update.services) {
      gone.delete(service.key);
      if (isSame(this.#services.get(service.key), service)) continue;
      this.#services.set(service.key, service);
      change = 'table';
    }
    for (const key of gone) {
      if (this.#services.delete(key)) change = 'table';
    }
    if (update.full || update.cpu) this.#cpuGrants = update.cpu ?? [];
    this.#version = update.version;
    this.#validForMs = update.validForMs;
    this.#validUntil = now + update.validForMs;
    return change;
  }

  /** Forgets everything once its time is over; true when it just was. */
  expire(now: number): boolean {
    if (this.#validUntil === undefined || now < this.#validUntil) return false;
    this.#services.clear();
    this.#cpuGrants = [];
    this.#validUntil = undefined;
    return true;
  }
}

function isSame(before: ServiceAssignment | undefined, after: ServiceAssignment): boolean {
  return (
    before?.routing === after.routing &&
    before.pinning === after.pinning &&
    before.replicas.length === after.replicas.length &&
    after.replicas.every((replica, index) => isSameReplica(before.replicas[index], replica))
  );
}

function isSameReplica(before: ReplicaAssignment | undefined, after: ReplicaAssignment): boolean {
  return (
    before?.name === after.name &&
    before.address === after.address &&
    before.weight === after.weight &&
    before.cpuUtilisation === after.cpuUtilisation
  );
}
