/** The assignments that the agent holds: updates in, the last good state out, until it expires. Pure; time is passed. */
import type {
  AssignmentUpdate,
  PodCpuGrant,
  ReplicaAssignment,
  ServiceAssignment,
} from '../../central-controller/contract/assignment.ts';

/**
 * What an update changed: `routing` (services, replicas or weights: proxies must know at once), `load` (figures only),
 * or `none` (a heartbeat, or what was known already).
 */
export type Change = 'none' | 'load' | 'routing';

export class HeldAssignments {
  #services = new Map<string, ServiceAssignment>();
  #cpuGrants: readonly PodCpuGrant[] = [];
  #agesCountFrom: number;
  #validUntil: number | undefined;
  #validForMs = 0;
  #version = 0;

  constructor(now: number) {
    this.#agesCountFrom = now;
  }

  /** The services held. Their in-flight ages are as of `agesCountFrom`: the time since then is to be added. */
  get services(): readonly ServiceAssignment[] {
    return [...this.#services.values()];
  }

  /** What this node's pods are granted: the same list until it changes. */
  get cpuGrants(): readonly PodCpuGrant[] {
    return this.#cpuGrants;
  }

  get agesCountFrom(): number {
    return this.#agesCountFrom;
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
    let change: Change = this.#validUntil === undefined ? 'routing' : 'none';
    const gone = new Set(update.full ? this.#services.keys() : update.removed);
    for (const service of update.services) {
      gone.delete(service.key);
      const rebased = withAges(service, this.#agesCountFrom - now);
      const one = difference(this.#services.get(service.key), rebased);
      if (one === 'none') continue;
      this.#services.set(service.key, rebased);
      if (change !== 'routing') change = one;
    }
    for (const key of gone) {
      if (this.#services.delete(key)) change = 'routing';
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

/** Ages as of one moment for all services, whenever they came: the encoder then adds one and the same time to each. */
function withAges(service: ServiceAssignment, addMs: number): ServiceAssignment {
  return {
    ...service,
    replicas: service.replicas.map((replica) => ({ ...replica, inFlightAgeMs: replica.inFlightAgeMs + addMs })),
  };
}

function difference(before: ServiceAssignment | undefined, after: ServiceAssignment): Change {
  if (
    before === undefined ||
    before.routing !== after.routing ||
    before.pinning !== after.pinning ||
    before.replicas.length !== after.replicas.length
  ) {
    return 'routing';
  }
  let change: Change = 'none';
  for (const [index, replica] of after.replicas.entries()) {
    const old = before.replicas[index];
    if (old === undefined || !sameRouting(old, replica)) return 'routing';
    if (!sameLoad(old, replica)) change = 'load';
  }
  return change;
}

function sameRouting(a: ReplicaAssignment, b: ReplicaAssignment): boolean {
  return a.name === b.name && a.address === b.address && a.weight === b.weight;
}

/** Ages are as of the same moment in both, so that a newer reading of the same figure counts as a change. */
function sameLoad(a: ReplicaAssignment, b: ReplicaAssignment): boolean {
  return (
    a.meanInFlight === b.meanInFlight &&
    a.meanLatencySeconds === b.meanLatencySeconds &&
    a.inFlight === b.inFlight &&
    Math.abs(a.inFlightAgeMs - b.inFlightAgeMs) < 1
  );
}
