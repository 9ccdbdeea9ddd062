/**
 * The assignments that the agent holds: lines in, the last good state out until it expires. Lines of both versions of the
 * protocol end in the same state. Pure; time is passed.
 */
import type { AssignmentUpdate, PodCpuGrant } from '../../contract/assignment.ts';
import type { AssignmentLine, ServiceRows, Subscription } from '../../contract/assignment-stream.ts';
import { qualifiedName, serviceOfKey } from '../../contract/names.ts';
import { decodeWeights } from '../../contract/weights-codec.ts';
import { changeOf, type HeldService, type ServiceChange, setWeights } from './held-service.ts';

/** What a line changed. */
export interface Change {
  readonly services: ReadonlyMap<string, ServiceChange>;
  /** The CPU utilisation of some pod changed. */
  readonly utilisation: boolean;
  /** Nothing was held before, or services that no line named before are now known to be balanced by nobody. */
  readonly opened: boolean;
  /** What was wrong with single services, and was left out. */
  readonly faults: readonly string[];
}

export class HeldAssignments {
  readonly #services = new Map<string, HeldService>();
  /** Keys by the controller's number, within its epoch. */
  readonly #ids = new Map<number, string>();
  /** Services that the controller says nobody balances. */
  readonly #unbalanced = new Set<string>();
  #utilisation = new Map<string, number>();
  #cpuGrants: readonly PodCpuGrant[] = [];
  #reportedInDetail: ReadonlySet<string> = new Set();
  #knowsAll = false;
  #validUntil: number | undefined;
  #validForMs = 0;
  #epoch = 0;
  #version = 0;

  get services(): ReadonlyMap<string, HeldService> {
    return this.#services;
  }

  /** The grants of this node's pods: the same list until it changes. */
  get cpuGrants(): readonly PodCpuGrant[] {
    return this.#cpuGrants;
  }

  /** Services whose called replicas the controller wants to see one by one: the same set until it changes. */
  get detail(): ReadonlySet<string> {
    return this.#reportedInDetail;
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
    return this.#knowsAll || this.#services.has(key) || this.#unbalanced.has(key);
  }

  /** CPU utilisation of a pod, `<namespace>/<pod>`; undefined where it is not known. */
  utilisationOf(pod: string): number | undefined {
    return this.#utilisation.get(pod);
  }

  /** What to ask the controller for, with the versions held of it. */
  subscription(wanted: Iterable<string>): Pick<Subscription, 'epoch' | 'services'> {
    return {
      epoch: this.#epoch,
      services: Array.from(wanted, (key) => [key, this.#epoch === 0 ? 0 : (this.#services.get(key)?.version ?? 0)]),
    };
  }

  /** Forgets services that are not wanted: a stream that no longer names them does not keep them up to date. */
  retain(wanted: ReadonlySet<string>): void {
    this.#knowsAll = false;
    for (const key of this.#services.keys()) if (!wanted.has(key)) this.#services.delete(key);
    for (const key of this.#unbalanced) if (!wanted.has(key)) this.#unbalanced.delete(key);
    for (const [id, key] of this.#ids) if (!wanted.has(key)) this.#ids.delete(id);
  }

  /** A line is missing: the next stream is to say everything again. */
  distrust(): void {
    this.#epoch = 0;
  }

  /** Takes a line over. Its first one says in which epoch its versions and numbers mean something. */
  applyLine(line: AssignmentLine, now: number): Change {
    const services = new Map<string, ServiceChange>();
    const faults: string[] = [];
    const opened = this.#validUntil === undefined;
    if (line.epoch !== undefined && line.epoch !== this.#epoch) this.#begin(line, line.epoch, services);
    for (const rows of line.services ?? []) this.#takeRows(rows, services, faults);
    for (const [id, text] of line.weights ?? []) this.#takeWeights(id, text, line.version, services, faults);
    for (const key of line.unbalanced ?? []) if (this.#setUnbalanced(key)) services.set(key, 'rows');
    const utilisation = line.utilisation !== undefined;
    if (line.utilisation) this.#utilisation = new Map(line.utilisation);
    if (line.cpu) this.#cpuGrants = line.cpu;
    if (line.detail) this.#reportedInDetail = new Set(line.detail);
    this.#renew(line.version, line.validForMs, now);
    return { services, utilisation, opened, faults };
  }

  /** The versions and numbers of another epoch mean nothing. Unless a line is partial, it says all that there is. */
  #begin(line: AssignmentLine, epoch: number, changed: Map<string, ServiceChange>): void {
    this.#epoch = epoch;
    this.#ids.clear();
    this.#knowsAll = false;
    for (const service of this.#services.values()) service.version = 0;
    if (line.partial) return;
    const named = new Set(line.services?.map(({ key }) => key));
    for (const key of this.#services.keys()) {
      if (named.has(key)) continue;
      this.#services.delete(key);
      changed.set(key, 'rows');
    }
    this.#unbalanced.clear();
    this.#utilisation.clear();
    this.#cpuGrants = [];
    this.#reportedInDetail = new Set();
  }

  #takeRows(rows: ServiceRows, changed: Map<string, ServiceChange>, faults: string[]): void {
    const weights = decodeWeights(rows.weights, rows.replicas.length);
    if (weights === undefined) {
      faults.push(`services ${rows.key} weights: do not hold one weight for each of ${rows.replicas.length} replicas`);
      if (this.#setUnbalanced(rows.key)) changed.set(rows.key, 'rows');
      return;
    }
    const { id, key, version, routing, pinning } = rows;
    const replicas = rows.replicas.map(([name, address], index) => ({ name, address, weight: weights[index] ?? 0 }));
    const service = { key, version, routing, pinning, replicas };
    const change = changeOf(this.#services.get(key), service);
    if (change !== undefined) changed.set(key, change);
    this.#services.set(key, service);
    this.#unbalanced.delete(key);
    this.#ids.set(id, key);
  }

  #takeWeights(id: number, text: string, version: number, changed: Map<string, ServiceChange>, faults: string[]): void {
    const service = this.#services.get(this.#ids.get(id) ?? '');
    // One that was left out for a fault, or is wanted no longer.
    if (service === undefined) return;
    const weights = decodeWeights(text, service.replicas.length);
    if (weights === undefined) {
      faults.push(`weights of ${service.key}: do not hold one for each of ${service.replicas.length} replicas`);
      this.#setUnbalanced(service.key);
      changed.set(service.key, 'rows');
      return;
    }
    if (setWeights(service, weights) && !changed.has(service.key)) changed.set(service.key, 'weights');
    service.version = version;
  }

  /** True when it was balanced, or not known. */
  #setUnbalanced(key: string): boolean {
    const wasBalanced = this.#services.delete(key);
    const wasKnown = this.#knowsAll || this.#unbalanced.has(key);
    this.#unbalanced.add(key);
    return wasBalanced || !wasKnown;
  }

  /** Takes a line of a controller of the version before, which sends every service to every agent. */
  apply(update: AssignmentUpdate, now: number): Change {
    const services = new Map<string, ServiceChange>();
    const opened = this.#validUntil === undefined || (update.full && !this.#knowsAll);
    const gone = new Set(update.full ? this.#services.keys() : update.removed);
    const utilisation = this.#takeUtilisation(update);
    for (const { key, routing, pinning, replicas } of update.services) {
      gone.delete(key);
      const service = {
        key,
        version: 0,
        routing,
        pinning,
        replicas: replicas.map(({ name, address, weight }) => ({ name, address, weight })),
      };
      const change = changeOf(this.#services.get(key), service);
      if (change !== undefined) services.set(key, change);
      this.#services.set(key, service);
    }
    for (const key of gone) {
      if (!this.#services.has(key)) continue;
      this.#forget(key);
      services.set(key, 'rows');
    }
    this.#epoch = 0;
    this.#unbalanced.clear();
    if (update.full) this.#knowsAll = true;
    if (update.full || update.cpu) this.#cpuGrants = update.cpu ?? [];
    this.#renew(update.version, update.validForMs, now);
    return { services, utilisation, opened, faults: [] };
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

  #forget(key: string): void {
    const { namespace } = serviceOfKey(key);
    for (const { name } of this.#services.get(key)?.replicas ?? []) {
      this.#utilisation.delete(qualifiedName({ namespace, name }));
    }
    this.#services.delete(key);
  }

  /** Forgets everything once its time is over; true when it just was. */
  expire(now: number): boolean {
    if (this.#validUntil === undefined || now < this.#validUntil) return false;
    this.#services.clear();
    this.#ids.clear();
    this.#unbalanced.clear();
    this.#utilisation.clear();
    this.#cpuGrants = [];
    this.#knowsAll = false;
    this.#validUntil = undefined;
    this.#epoch = 0;
    return true;
  }

  #renew(version: number, validForMs: number, now: number): void {
    this.#version = version;
    this.#validForMs = validForMs;
    this.#validUntil = now + validForMs;
  }
}
