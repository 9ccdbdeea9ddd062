/**
 * Figures of the last ten minutes, one of each two seconds: weight and CPU of each replica, CPU of each node by part,
 * requests and latencies of each service; and when the balancing of a service was switched. A replica takes 2.4 kB, a
 * node 3.6 kB, a service 52 kB, whatever happens; above a bound nothing that is new is taken in until something is gone.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { ServedWindow } from '../model/windows.ts';
import type { Decision, NodeDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeFigures, ReplicaFigures, ServiceFigures, Stance, Switch } from '../../contract/time-series.ts';
import { Series } from './series.ts';
import { SERVICE_FIGURES, ServiceSeries } from './service-series.ts';
import { STEP_MS, STEPS, Timeline } from './timeline.ts';

/** Enough for 10,000 replicas of 100 services on 500 nodes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** What a switch is compared over, before it and since. */
const COMPARED_MS = 60_000;

/** More than these are not kept. */
const MAX_SWITCHES = 200;

const UTILISATION = 0;
const BACKGROUND = 1;
const STEAL = 2;
const NODE_FIGURES = 3;

const WEIGHT = 0;
const CPU = 1;
const REPLICA_FIGURES = 2;

type Switched = Omit<Switch, 'before' | 'after'>;

export class TimeSeriesHistory {
  readonly #mostBytes: number;
  readonly #timeline = new Timeline();
  readonly #nodes = new Map<string, Series>();
  readonly #services = new Map<string, ServiceSeries>();
  /** Services that a pod is a replica of, by `<namespace>/<pod>`. */
  #servicesOfPod = new Map<string, ServiceSeries[]>();
  /** Oldest first. */
  #switches: Switched[] = [];
  #bytes = 0;

  constructor(mostBytes = MAX_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Memory that the figures take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a decision in: of each step the last one counts. */
  add(decision: Decision): void {
    const isNew = this.#timeline.advance(decision.at);
    if (isNew) this.#begin();
    for (const node of decision.nodes) this.#addNode(node);
    for (const service of decision.services) this.#addService(service, decision.at);
    if (isNew) this.#indexPods(decision.services);
  }

  /** Takes in what a replica's proxy counted. */
  observe({ namespace, replica, latencyBuckets }: ServedWindow): void {
    for (const service of this.#servicesOfPod.get(qualifiedName({ namespace, name: replica })) ?? []) {
      service.addLatencies(this.#timeline.slot, latencyBuckets);
    }
  }

  /** When the figures were taken, ms; what is read below has a value for each. */
  times(): number[] {
    return this.#timeline.slots().map((slot) => this.#timeline.timeOf(slot));
  }

  /** Names, those of nodes that are gone included. */
  nodes(): string[] {
    return [...this.#nodes.keys()].toSorted();
  }

  node(name: string): NodeFigures | undefined {
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
    return this.#services.get(service)?.read(this.#timeline.slots());
  }

  /** Names, those of replicas that are gone included. */
  replicas(service: string): string[] {
    return [...(this.#services.get(service)?.replicas.keys() ?? [])];
  }

  replica(service: string, name: string): ReplicaFigures | undefined {
    const series = this.#services.get(service)?.replicas.get(name);
    const slots = this.#timeline.slots();
    return series && { name, weight: series.read(slots, WEIGHT), cpuCores: series.read(slots, CPU) };
  }

  /** Every switch of the last ten minutes with what it changed, newest first. */
  switches(): Switch[] {
    const newestFirst = this.#switches.toSorted((a, b) => b.at - a.at);
    return newestFirst.map((switched) => {
      const { at, namespace, name } = switched;
      const same = this.#switches.filter((other) => other.namespace === namespace && other.name === name);
      const until = same.find((other) => other.at > at)?.at ?? Infinity;
      const since = same.findLast((other) => other.at < at)?.at ?? 0;
      const end = Math.min(until, (this.#timeline.newest + 1) * STEP_MS);
      const service = this.#services.get(qualifiedName({ namespace, name }));
      return {
        ...switched,
        before: this.#compared(service, Math.max(since, at - COMPARED_MS), at),
        after: this.#compared(service, Math.max(at, end - COMPARED_MS), end),
      };
    });
  }

  #compared(service: ServiceSeries | undefined, from: number, to: number) {
    if (!service) return null;
    const slots = this.#timeline.slots(from, to);
    const utilisations = [...service.nodes].map((node) => this.#nodes.get(node)?.mean(slots, UTILISATION));
    return service.over(
      slots,
      utilisations.filter((mean) => mean !== undefined),
    );
  }

  #addNode({ name, stale, cores, busyCores, backgroundCores, stealCores }: NodeDecision): void {
    if (stale || !(cores > 0)) return;
    const series = this.#series(this.#nodes, name, NODE_FIGURES);
    if (!series) return;
    const { slot, newest } = this.#timeline;
    series.set(slot, UTILISATION, busyCores / cores);
    series.set(slot, BACKGROUND, backgroundCores / cores);
    series.set(slot, STEAL, stealCores / cores);
    series.lastStep = newest;
  }

  #addService(decision: ServiceDecision, at: number): void {
    const { namespace, name } = decision;
    const key = qualifiedName({ namespace, name });
    const service = this.#services.get(key) ?? this.#newService(key);
    if (!service) return;
    const { slot, newest } = this.#timeline;
    const stance: Stance = decision.paused ? 'Paused' : decision.mode;
    const before = service.stance;
    if (before !== undefined && before !== stance) {
      this.#switches.push({ at, namespace, name, from: before, to: stance });
      if (this.#switches.length > MAX_SWITCHES) this.#switches.shift();
    }
    service.stance = stance;
    service.series.lastStep = newest;
    service.write(slot, decision);
    for (const replica of decision.replicas) {
      const series = this.#series(service.replicas, replica.name, REPLICA_FIGURES);
      if (!series) continue;
      series.set(slot, WEIGHT, replica.weight);
      series.set(slot, CPU, replica.cpuCores);
      series.lastStep = newest;
    }
  }

  #newService(key: string): ServiceSeries | undefined {
    if (!this.#reserve(SERVICE_FIGURES)) return undefined;
    const service = new ServiceSeries();
    this.#services.set(key, service);
    return service;
  }

  #series(of: Map<string, Series>, name: string, figures: number): Series | undefined {
    const known = of.get(name);
    if (known) return known;
    if (!this.#reserve(figures)) return undefined;
    const series = new Series(figures);
    of.set(name, series);
    return series;
  }

  /** False when there is no room for so many more figures. */
  #reserve(figures: number): boolean {
    if (this.#bytes + Series.bytes(figures) > this.#mostBytes) return false;
    this.#bytes += Series.bytes(figures);
    return true;
  }

  /** Makes room for the new step, and forgets whatever has had no figures for ten minutes. */
  #begin(): void {
    const oldest = this.#timeline.newest - STEPS + 1;
    this.#clear(this.#nodes, NODE_FIGURES);
    for (const [key, service] of this.#services) {
      this.#clear(service.replicas, REPLICA_FIGURES);
      service.series.clear(this.#timeline.slot);
      if (service.series.lastStep >= oldest || service.replicas.size > 0) continue;
      this.#services.delete(key);
      this.#bytes -= Series.bytes(SERVICE_FIGURES);
    }
    this.#switches = this.#switches.filter(({ at }) => at >= oldest * STEP_MS);
  }

  #clear(all: Map<string, Series>, figures: number): void {
    const { slot, newest } = this.#timeline;
    for (const [name, series] of all) {
      series.clear(slot);
      if (newest - series.lastStep < STEPS) continue;
      all.delete(name);
      this.#bytes -= Series.bytes(figures);
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
