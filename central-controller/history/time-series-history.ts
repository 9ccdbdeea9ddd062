/**
 * Time series of ten minutes in steps of two seconds: weight and CPU of each replica, CPU of each node by part, requests
 * and latencies of each service; and when the balancing of a service was switched. A replica takes 1.2 kB, a node 1.8 kB
 * and a service 13 kB. When the memory is full, new things are left out until others are gone.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { ServedWindow } from '../model/windows.ts';
import type { Decision, NodeDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeFigures, ReplicaFigures, ServiceFigures, Stance, Switch } from '../../contract/time-series.ts';
import { LATENCY_STEP_MS, LATENCY_STEPS } from './latencies.ts';
import { Series, STEP_MS, STEPS } from './series.ts';
import { ServiceSeries } from './service-series.ts';
import { Timeline } from './timeline.ts';

/** Enough for 10,000 replicas of 500 services on 1,000 nodes, which take 21 MB. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A switch compares this long before with this long after. */
const COMPARED_MS = 60_000;

const MAX_SWITCHES = 200;

const UTILISATION = 0;
const BACKGROUND = 1;
const STEAL = 2;
const NODE_VALUES = 3;

const WEIGHT = 0;
const CPU = 1;
const REPLICA_VALUES = 2;

type Switched = Omit<Switch, 'before' | 'after'>;

export class TimeSeriesHistory {
  readonly #maxBytes: number;
  readonly #timeline = new Timeline(STEP_MS, STEPS);
  readonly #latencyTimeline = new Timeline(LATENCY_STEP_MS, LATENCY_STEPS);
  readonly #nodes = new Map<string, Series>();
  readonly #services = new Map<string, ServiceSeries>();
  /** Services that a pod is a replica of, by `<namespace>/<pod>`. */
  #servicesOfPod = new Map<string, ServiceSeries[]>();
  /** Oldest first. */
  #switches: Switched[] = [];
  /** The last decision of the present step. */
  #unwritten: Decision | undefined;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Memory that the series take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a decision. The first and the last one of each step are written, and the last one counts. */
  add(decision: Decision): void {
    const isNew = this.#timeline.isNew(decision.at);
    if (isNew) this.#write();
    this.#timeline.advance(decision.at);
    if (this.#latencyTimeline.advance(decision.at)) {
      for (const service of this.#services.values()) service.latencies.clear(this.#latencyTimeline.slot);
    }
    if (isNew) this.#begin();
    this.#unwritten = decision;
    this.#noteSwitches(decision);
    if (!isNew) return;
    this.#write();
    this.#indexPods(decision.services);
  }

  /** Takes what a replica's proxy counted. */
  observe({ namespace, replica, latencyBuckets }: ServedWindow): void {
    for (const service of this.#servicesOfPod.get(qualifiedName({ namespace, name: replica })) ?? []) {
      service.latencies.add(this.#latencyTimeline.slot, latencyBuckets);
    }
  }

  /** Times of the values, ms: the series below have one value for each. */
  times(): number[] {
    return this.#timeline.slots().map((slot) => this.#timeline.timeOf(slot));
  }

  /** Names, also of nodes that are gone. */
  nodes(): string[] {
    return [...this.#nodes.keys()].toSorted();
  }

  node(name: string): NodeFigures | undefined {
    this.#write();
    const series = this.#nodes.get(name);
    const slots = this.#timeline.slots();
    return (
      series && {
        name,
        utilisation: series.read(slots, UTILISATION),
        background: series.read(slots, BACKGROUND),
        steal: series.read(slots, STEAL),
      }
    );
  }

  /** @param service `<namespace>/<name>` */
  service(service: string): ServiceFigures | undefined {
    this.#write();
    return this.#services.get(service)?.read(this.#timeline.slots());
  }

  /** Names, also of replicas that are gone. */
  replicas(service: string): string[] {
    return [...(this.#services.get(service)?.replicas.keys() ?? [])];
  }

  replica(service: string, name: string): ReplicaFigures | undefined {
    this.#write();
    const series = this.#services.get(service)?.replicas.get(name);
    const slots = this.#timeline.slots();
    return series && { name, weight: series.read(slots, WEIGHT), cpuCores: series.read(slots, CPU) };
  }

  /** Switches of the last ten minutes with what they changed, newest first. */
  switches(): Switch[] {
    this.#write();
    const newestFirst = this.#switches.toSorted((a, b) => b.at - a.at);
    return newestFirst.map((switched) => {
      const { at, namespace, name } = switched;
      const same = this.#switches.filter((other) => other.namespace === namespace && other.name === name);
      const next = same.find((other) => other.at > at)?.at ?? Infinity;
      const last = same.findLast((other) => other.at < at)?.at ?? 0;
      const end = Math.min(next, (this.#timeline.newest + 1) * STEP_MS);
      const service = this.#services.get(qualifiedName({ namespace, name }));
      return {
        ...switched,
        before: this.#compared(service, Math.max(last, at - COMPARED_MS), at),
        after: this.#compared(service, Math.max(at, end - COMPARED_MS), end),
      };
    });
  }

  #compared(service: ServiceSeries | undefined, from: number, to: number) {
    if (!service) return null;
    const slots = this.#timeline.slots(from, to);
    const utilisations = [...service.nodes].map((node) => this.#nodes.get(node)?.mean(slots, UTILISATION));
    return service.over(
      { slots, latencySlots: this.#latencyTimeline.slots(from, to) },
      utilisations.filter((mean) => mean !== undefined),
    );
  }

  #write(): void {
    const decision = this.#unwritten;
    this.#unwritten = undefined;
    if (!decision) return;
    for (const node of decision.nodes) this.#addNode(node);
    for (const service of decision.services) this.#addService(service);
  }

  #noteSwitches({ at, services }: Decision): void {
    for (const { namespace, name, mode, paused } of services) {
      const service = this.#services.get(qualifiedName({ namespace, name }));
      if (service?.stance === undefined) continue;
      const stance: Stance = paused ? 'Paused' : mode;
      if (service.stance === stance) continue;
      this.#switches.push({ at, namespace, name, from: service.stance, to: stance });
      if (this.#switches.length > MAX_SWITCHES) this.#switches.shift();
      service.stance = stance;
    }
  }

  #addNode({ name, stale, cores, busyCores, backgroundCores, stealCores }: NodeDecision): void {
    if (stale || !(cores > 0)) return;
    const series = this.#series(this.#nodes, name, NODE_VALUES);
    if (!series) return;
    const { slot, newest } = this.#timeline;
    series.set(slot, UTILISATION, busyCores / cores);
    series.set(slot, BACKGROUND, backgroundCores / cores);
    series.set(slot, STEAL, stealCores / cores);
    series.lastStep = newest;
  }

  #addService(decision: ServiceDecision): void {
    const { namespace, name } = decision;
    const key = qualifiedName({ namespace, name });
    const service = this.#services.get(key) ?? this.#newService(key);
    if (!service) return;
    const { slot, newest } = this.#timeline;
    service.stance ??= decision.paused ? 'Paused' : decision.mode;
    service.series.lastStep = newest;
    service.write(slot, decision);
    for (const replica of decision.replicas) {
      const series = this.#series(service.replicas, replica.name, REPLICA_VALUES);
      if (!series) continue;
      series.set(slot, WEIGHT, replica.weight);
      series.set(slot, CPU, replica.cpuCores);
      series.lastStep = newest;
    }
  }

  #newService(key: string): ServiceSeries | undefined {
    if (!this.#reserve(ServiceSeries.bytes)) return undefined;
    const service = new ServiceSeries();
    this.#services.set(key, service);
    return service;
  }

  #series(of: Map<string, Series>, name: string, values: number): Series | undefined {
    const known = of.get(name);
    if (known) return known;
    if (!this.#reserve(Series.bytes(values, 'half'))) return undefined;
    const series = new Series(values, 'half');
    of.set(name, series);
    return series;
  }

  /** False when there is no room. */
  #reserve(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Clears the slot of the new step, and forgets what has had no values for ten minutes. */
  #begin(): void {
    const oldest = this.#timeline.newest - STEPS + 1;
    this.#clear(this.#nodes);
    for (const [key, service] of this.#services) {
      this.#clear(service.replicas);
      service.series.clear(this.#timeline.slot);
      if (service.series.lastStep >= oldest || service.replicas.size > 0) continue;
      this.#services.delete(key);
      this.#bytes -= ServiceSeries.bytes;
    }
    this.#switches = this.#switches.filter(({ at }) => at >= oldest * STEP_MS);
  }

  #clear(all: Map<string, Series>): void {
    const { slot, newest } = this.#timeline;
    for (const [name, series] of all) {
      series.clear(slot);
      if (newest - series.lastStep < STEPS) continue;
      all.delete(name);
      this.#bytes -= series.bytes;
    }
  }

  #indexPods(services: readonly ServiceDecision[]): void {
    this.#servicesOfPod = new Map();
    for (const { namespace, name, replicas } of services) {
      const service = this.#services.get(qualifiedName({ namespace, name }));
      if (!service) continue;
      service.nodes = new Set(replicas.map(({ node }) => node));
      for (const replica of replicas) {
        const pod = qualifiedName({ namespace, name: replica.name });
        this.#servicesOfPod.set(pod, [...(this.#servicesOfPod.get(pod) ?? []), service]);
      }
    }
  }
}
