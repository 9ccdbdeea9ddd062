/**
 * The table of everything, as plugins of the version before fetch it: which version is current and when the next one is due.
 * Pure; time is passed. To be removed with the next version.
 *
 * Proxies compare versions for inequality only. Versions begin at the wall clock, so that an agent started anew names none
 * that the one before it named, whatever the controller's own numbers do.
 */
import type { ReplicaAssignment, ServiceAssignment } from '../../contract/assignment.ts';
import { qualifiedName, serviceOfKey } from '../../contract/names.ts';
import { encodeProxyTable } from '../../contract/proxy-table.ts';
import type { Change, HeldAssignments } from '../uplink/held-assignments.ts';
import type { HeldService } from '../uplink/held-service.ts';

/** An encoded table is handed out for so long before its validity is written anew. */
const REUSE_MS = 100;
/** Versions whose assignments are remembered; a proxy that uses an older one has long lost touch. */
const REMEMBERED = 256;
/** How long an empty table is good; when it ends, proxies do the same as with it: they leave requests to Istio. */
const EMPTY_VALID_MS = 60_000;

export interface Table {
  readonly version: number;
  readonly bytes: Uint8Array;
  /** The controller's number of the assignments in it; 0 for none. */
  readonly assignment: number;
}

export class TableStore {
  #held: HeldAssignments;
  #version: number;
  #known = false;
  #raisedAt = -Infinity;
  #encoded: (Table & { at: number }) | undefined;
  /** The controller's number by the version that first held it. */
  #assignments = new Map<number, number>();

  /** `wallClockMs` is the time since 1970 at the start of the process. */
  constructor(held: HeldAssignments, wallClockMs: number) {
    this.#held = held;
    // Room for 1000 versions a millisecond, well within the integers that a number holds.
    this.#version = wallClockMs * 1000;
  }

  /** The version that a proxy should have; undefined while the controller has said nothing yet. */
  get version(): number | undefined {
    return this.#known ? this.#version : undefined;
  }

  /** Takes note of a change; true when the version rose and waiting proxies are to be answered. */
  changed({ services, utilisation, opened }: Change, now: number): boolean {
    if (services.size > 0 || utilisation || opened || !this.#known) return this.#raise(now);
    return this.tick(now);
  }

  /** What was held is forgotten. */
  expired(now: number): void {
    this.#raise(now);
  }

  /**
   * True when the version rose because a renewal is due: proxies count the validity from the table they got, so what
   * the controller renewed must reach them in time.
   */
  tick(now: number): boolean {
    const { validUntil, validForMs } = this.#held;
    if (validUntil === undefined || now - this.#raisedAt < validForMs / 3) return false;
    const renewedAt = validUntil - validForMs;
    return renewedAt > this.#raisedAt && this.#raise(now);
  }

  #raise(now: number): true {
    this.#known = true;
    this.#version++;
    this.#raisedAt = now;
    this.#assignments.set(this.#version, this.#assignment);
    this.#assignments.delete(this.#version - REMEMBERED);
    return true;
  }

  get #assignment(): number {
    return this.#held.validUntil === undefined ? 0 : this.#held.version;
  }

  /** The controller's number of the assignments in a version of the table; 0 for none, or one of long ago. */
  assignmentOf(version: number): number {
    return this.#assignments.get(version) ?? 0;
  }

  /** The current table; undefined while the controller has said nothing yet. */
  table(now: number): Table | undefined {
    if (!this.#known) return undefined;
    const encoded = this.#encoded;
    if (encoded?.version === this.#version && now - encoded.at < REUSE_MS) return encoded;
    const { validUntil } = this.#held;
    const validForMs = validUntil === undefined ? EMPTY_VALID_MS : Math.max(0, validUntil - now - REUSE_MS);
    const services = [...this.#held.services.values()].map((service) => this.#withUtilisation(service));
    const bytes = encodeProxyTable(this.#version, validForMs, services);
    this.#encoded = { version: this.#version, bytes, assignment: this.#assignment, at: now };
    return this.#encoded;
  }

  #withUtilisation(service: HeldService): ServiceAssignment {
    const { namespace } = serviceOfKey(service.key);
    const replicas = service.replicas.map((replica): ReplicaAssignment => {
      const cpuUtilisation = this.#held.utilisationOf(qualifiedName({ namespace, name: replica.name }));
      return { ...replica, ...(cpuUtilisation !== undefined && { cpuUtilisation }) };
    });
    return { ...service, replicas };
  }
}
