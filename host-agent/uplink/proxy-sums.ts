/**
 * Adds up what the VMs of the node's proxies count. A VM posts its counters since it started; what this hands on are
 * counters since the agent started, which never fall: of VMs, their restarts and their ends the controller sees nothing.
 */
import type { EjectedRow, ProxyRow, ServedRow } from '../../contract/node-report.ts';
import { qualifiedName } from '../../contract/names.ts';
import type { ProxySync, SyncCalled, SyncServed } from '../../contract/proxy-sync.ts';
import { CalledSums, ejectedRows } from './called-sums.ts';
import { type Counters, hasFallen } from './counters.ts';
import { PodServed, type ServedCounts } from './pod-served.ts';

/** A VM that has not posted for longer does not hold up the window of its pod. */
const LIVE_MS = 5000;
/** An idle VM posts every 30 s: one that is silent for longer is gone. */
const GONE_MS = 35_000;
/** Rows that posts of a plugin of the version before leave out are gone after this. */
const NAMED_MS = 60_000;
/** How often windows and VMs are looked through. */
const TICK_MS = 1000;
/** A VM posts within this time of the first request that it counts. */
const POST_MS = 2000;
/** No proxy serves or makes as many requests: a VM that says so lies, and is not believed. */
const MAX_REQUESTS_PER_SECOND = 100_000;
/** The sums of a pod without VMs go on where they were if it comes back within this time, so that none falls. */
const KEPT_MS = 600_000;
/** VMs of one node, and pods: no pod can fill the memory with them. */
const MAX_VMS = 4000;
const MAX_PODS = 4000;

interface CalledCounts extends Counters {
  readonly ejected: boolean;
  readonly at: number;
}

interface Vm {
  sequence: number;
  lastSeen: number;
  lastPost: number;
  inWindow: boolean;
  /** What it counted before this agent knew of it is not counted; a row that it names first from now on is new. */
  hasBaseline: boolean;
  hasTable: boolean;
  fallbacks: number;
  served: ServedCounts | undefined;
  readonly called: Map<string, Map<string, CalledCounts>>;
  /** Some of `called` is ejected. */
  hasEjected: boolean;
}

interface Pod {
  readonly vms: Map<string, Vm>;
  served: PodServed | undefined;
  fallbacks: number;
  lastSeen: number;
}

/** How a message was counted. */
export interface Counted {
  /** Rows whose counters fell though the VM is the same: they were counted from 0. */
  readonly fallen: number;
  /** Counters that nobody can have counted, and were left out. */
  readonly faults: readonly string[];
}

export class ProxySums {
  readonly called = new CalledSums();
  readonly #pods = new Map<string, Pod>();
  #vms = 0;
  #tickedAt = -Infinity;

  /** Takes one message. One that is older than another of the same VM counts nothing. */
  accept(message: ProxySync, now: number): Counted {
    const name = qualifiedName({ namespace: message.namespace, name: message.pod });
    const pod = this.#pods.get(name) ?? { vms: new Map<string, Vm>(), served: undefined, fallbacks: 0, lastSeen: now };
    const known = pod.vms.get(message.instance);
    if (known === undefined && this.#vms >= MAX_VMS) return { fallen: 0, faults: [`instance: more than ${MAX_VMS}`] };
    if (known === undefined) this.#vms++;
    const vm = known ?? newVm(message, now);
    pod.vms.set(message.instance, vm);
    this.#pods.set(name, pod);
    vm.lastSeen = now;
    pod.lastSeen = now;
    const counted = { fallen: 0, faults: [] as string[] };
    if (known !== undefined && message.sequence <= known.sequence) return counted;
    const isNext = message.sequence === vm.sequence + 1;
    vm.sequence = message.sequence;
    vm.hasTable = message.hasTable;
    if (vm.hasBaseline) pod.fallbacks += Math.max(0, message.fallbacks - vm.fallbacks);
    vm.fallbacks = message.fallbacks;
    if (!message.complete && message.served === undefined && message.called.length === 0) return counted;
    const limit = MAX_REQUESTS_PER_SECOND * (Math.max(POST_MS, now - vm.lastPost) / 1000);
    this.#countServed(name, pod, vm, message, { now, limit, isNext }, counted);
    this.#countCalled(vm, message, { now, limit }, counted);
    vm.lastPost = now;
    vm.inWindow = true;
    vm.hasBaseline = true;
    this.#closeWindow(pod, now);
    return counted;
  }

  /** Does what has become due: windows of idle pods end, VMs that are silent are gone. */
  tick(now: number): void {
    if (now - this.#tickedAt < TICK_MS) return;
    this.#tickedAt = now;
    for (const [name, pod] of this.#pods) {
      for (const [instance, vm] of pod.vms) {
        if (now - vm.lastSeen <= GONE_MS) continue;
        pod.vms.delete(instance);
        this.#vms--;
      }
      if (pod.vms.size > 0) pod.served?.tick(now, inFlightOf(pod));
      else if (now - pod.lastSeen > KEPT_MS || this.#pods.size > MAX_PODS) this.#pods.delete(name);
    }
  }

  /** Windows that ended since the last report; the last one of each pod for a full report. */
  takeServed(full: boolean): ServedRow[] {
    const rows: ServedRow[] = [];
    for (const { vms, served } of this.#pods.values()) {
      if (vms.size > 0 && served !== undefined) rows.push(...served.take(full));
    }
    return rows;
  }

  proxies(): ProxyRow[] {
    const rows: ProxyRow[] = [];
    for (const [name, { vms, fallbacks }] of this.#pods) {
      if (vms.size === 0) continue;
      const hasTable = vms.values().every((vm) => vm.hasTable);
      rows.push([name, vms.size, hasTable ? 1 : 0, fallbacks]);
    }
    return rows;
  }

  ejected(): EjectedRow[] {
    return ejectedRows(this.#pods.values().map(({ vms }) => vms.values().flatMap(ejectedOf)));
  }

  /** Services that VMs name; the sums of others may be forgotten. */
  namedServices(): Set<string> {
    const named = new Set<string>();
    for (const { vms } of this.#pods.values()) {
      for (const { called } of vms.values()) for (const service of called.keys()) named.add(service);
    }
    return named;
  }

  #countServed(
    name: string,
    pod: Pod,
    vm: Vm,
    { served }: ProxySync,
    { now, limit, isNext }: { now: number; limit: number; isNext: boolean },
    counted: { fallen: number; faults: string[] },
  ): void {
    if (served !== undefined) {
      // What this VM counted until now is new, or only the baseline: the first window begins with it, or here.
      pod.served ??= new PodServed(name, now, vm.hasBaseline ? now - POST_MS : now);
    }
    pod.served?.post(now, inFlightOf(pod), isNext);
    if (served === undefined) return;
    const next = servedCounts(served);
    const before = vm.served;
    const fell = before !== undefined && hasFallen(next, before);
    if (fell) counted.fallen++;
    const base = fell ? undefined : before;
    vm.served = next;
    if (next.requests - (base?.requests ?? 0) > limit) counted.faults.push(`served.requests: ${next.requests} in vain`);
    else if (vm.hasBaseline) pod.served?.add(next, next.buckets, base);
  }

  #countCalled(
    vm: Vm,
    { called, complete }: ProxySync,
    { now, limit }: { now: number; limit: number },
    counted: { fallen: number; faults: string[] },
  ): void {
    for (const record of called) {
      const rows = vm.called.get(record.service) ?? new Map<string, CalledCounts>();
      vm.called.set(record.service, rows);
      const next = calledCounts(record, now);
      const before = rows.get(record.replica);
      const fell = before !== undefined && hasFallen(next, before);
      if (fell) counted.fallen++;
      const base = fell ? undefined : before;
      rows.set(record.replica, next);
      if (next.requests - (base?.requests ?? 0) > limit) {
        counted.faults.push(`called ${record.service} ${record.replica} requests: ${next.requests} in vain`);
      } else if (vm.hasBaseline) {
        this.called.add(record.service, record.replica, next, base);
      }
    }
    vm.hasEjected = false;
    for (const [service, rows] of vm.called) {
      for (const [replica, { at, ejected }] of rows) {
        if (complete ? at !== now : now - at > NAMED_MS) rows.delete(replica);
        else vm.hasEjected ||= ejected;
      }
      if (rows.size === 0) vm.called.delete(service);
    }
  }

  #closeWindow({ vms, served }: Pod, now: number): void {
    if (served === undefined) return;
    const live = [...vms.values()].filter(({ lastPost }) => now - lastPost <= LIVE_MS);
    if (!live.every(({ inWindow }) => inWindow)) return;
    served.close(now, inFlightOf({ vms }));
    for (const vm of vms.values()) vm.inWindow = false;
  }
}

function newVm({ sequence, hasTable }: ProxySync, now: number): Vm {
  return {
    sequence: sequence - 1,
    lastSeen: now,
    lastPost: now - GONE_MS,
    inWindow: false,
    hasBaseline: sequence === 1,
    hasTable,
    fallbacks: 0,
    served: undefined,
    called: new Map(),
    hasEjected: false,
  };
}

function inFlightOf({ vms }: Pick<Pod, 'vms'>): number {
  let sum = 0;
  for (const { served } of vms.values()) sum += served?.inFlight ?? 0;
  return sum;
}

function ejectedOf({ called, hasEjected }: Vm): (readonly [service: string, replica: string])[] {
  if (!hasEjected) return [];
  return [...called].flatMap(([service, rows]) =>
    [...rows].filter(([, { ejected }]) => ejected).map(([replica]) => [service, replica] as const),
  );
}

function servedCounts(served: SyncServed): ServedCounts {
  const { requests, failures, unreached, answered, inFlight, inFlightSeconds, latencyBuckets } = served;
  return { requests, failures, unreached, answered, inFlight, seconds: inFlightSeconds, buckets: latencyBuckets };
}

function calledCounts(called: SyncCalled, at: number): CalledCounts {
  const { requests, failures, unreached, answered, latencySeconds, ejected } = called;
  return { requests, failures, unreached, answered, seconds: latencySeconds, ejected, at };
}
