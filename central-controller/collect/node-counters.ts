/** The last counters of one node's agent. Turns the next report into windows. */
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import { splitQualifiedName } from '../../contract/names.ts';
import type { NodeInventory } from '../../contract/node-inventory.ts';
import type {
  CalledReplicaRow,
  EjectedRow,
  NodeReport,
  PodCpuRow,
  ProxyRow,
  ServedRow,
} from '../../contract/node-report.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { Rows } from '../model/rows.ts';
import type { CalledWindow, NodeWindow, ReplicaWindow, ServedWindow, Window } from '../model/windows.ts';
import { AgentSequence } from './agent-sequence.ts';

/** Columns of a pod's CPU; NaN: not set. */
const CPU = { seconds: 0, throttledSeconds: 1, limitCores: 2, grantedCores: 3, width: 4 } as const;

/** Columns of the requests that a pod served; the latency buckets follow. */
const SERVED = { atMs: 0, requests: 1, failures: 2, inFlightSeconds: 3, buckets: 4 } as const;

/** Columns of the requests that the node's proxies sent to one replica. */
const CALLED = { atMs: 0, requests: 1, failures: 2, answered: 3, latencySeconds: 4, width: 5 } as const;

/** Columns of a proxy. */
const PROXY = { vms: 0, table: 1, tableSince: 2, fallbacks: 3, width: 4 } as const;

/** Called replicas come every two seconds if they changed; after a pause they were called within the last of these. */
const MAX_CALLED_MS = 4_000;

/** One proxy, and the table that it balances by. */
export interface ProxyStatus {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  /** VMs of the plugin. */
  readonly vms: number;
  /** Version of the assignments in use; 0: no table is in force. */
  readonly tableVersion: number;
  /** Since when it has had a table, or has had none, ms of the controller's clock. */
  readonly tableSince: number;
  /** Requests left to Istio. */
  readonly fallbacks: number;
  readonly lastSeen: number;
}

/** A replica that proxies leave out. */
export interface Ejection {
  /** Proxy key, `<port>|<host>`. */
  readonly service: string;
  readonly replica: string;
  readonly proxies: number;
}

export interface Accepted {
  readonly windows: readonly Window[];
  /** Counters that fell, by name. Each counts from its new value on. */
  readonly fallen: readonly string[];
}

export class NodeCounters {
  readonly #node: string;
  readonly #sequence = new AgentSequence();
  readonly #cpu = new Rows(CPU.width);
  readonly #served = new Rows(SERVED.buckets + LATENCY_BUCKETS);
  readonly #called = new Rows(CALLED.width);
  readonly #proxies = new Rows(PROXY.width);
  #ejected: readonly EjectedRow[] = [];
  /** What the node is made of, once its agent has said it. */
  inventory: NodeInventory | undefined;
  #busySeconds = 0;
  #stealSeconds = 0;
  /** Version that all proxies of the node use; 0: none. */
  used = 0;
  /** Newest version that the agent holds; 0: none. */
  held = 0;

  constructor(node: string) {
    this.#node = node;
  }

  get lastSeen(): number {
    return this.#sequence.lastSeen;
  }

  /** A refused report changes nothing, and its agent names all rows in the next one. */
  accept(report: NodeReport, now: number): Result<Accepted> {
    const elapsed = this.#sequence.elapsedMs(report, now);
    if (!elapsed.ok) return elapsed;
    const isFirst = elapsed.value === undefined;
    if (isFirst && !report.full) {
      return failure('STALE_REPORT', 'full: this controller has no report to compare with, so all rows are needed');
    }
    const [cores, busySeconds, stealSeconds] = report.cpu;
    if (!isFirst && (busySeconds < this.#busySeconds || stealSeconds < this.#stealSeconds)) {
      return failure('MALFORMED_REPORT', 'cpu: a counter of the node fell');
    }
    if (isFirst) this.#clear();
    if (report.full) this.inventory = report.inventory;
    const fallen: string[] = [];
    const windows: Window[] = [];
    const pods = this.#acceptPods(report, fallen);
    if (elapsed.value !== undefined) {
      const seconds = elapsed.value / 1000;
      const busy = { busySeconds: busySeconds - this.#busySeconds, stealSeconds: stealSeconds - this.#stealSeconds };
      const speed = this.inventory?.cpuGHz;
      const nominal = typeof speed === 'number' ? { nominalSpeed: speed } : {};
      const window: NodeWindow = { node: this.#node, at: now, seconds, cores, ...busy, ...nominal, replicas: pods };
      windows.push({ kind: 'node', ...window });
    }
    this.#busySeconds = busySeconds;
    this.#stealSeconds = stealSeconds;
    for (const row of report.served ?? []) {
      const window = this.#acceptServed(row, now, fallen);
      if (window) windows.push({ kind: 'served', ...window });
    }
    for (const row of report.calledReplicas ?? []) {
      const window = this.#acceptCalled(row, report.monotonicMs, now, fallen);
      if (window) windows.push({ kind: 'called', ...window });
    }
    for (const row of report.proxies ?? []) this.#acceptProxy(row, now);
    for (const pod of report.proxiesGone ?? []) {
      this.#proxies.delete(pod);
      this.#served.delete(pod);
    }
    if (report.ejected) this.#ejected = report.ejected;
    if (report.full) this.#retain(report);
    this.used = report.used;
    this.held = report.held;
    this.#sequence.accept(report, now);
    return success({ windows, fallen });
  }

  *proxies(): Iterable<ProxyStatus> {
    const { values } = this.#proxies;
    for (const [name, at] of this.#proxies.entries()) {
      const { namespace, name: pod } = splitQualifiedName(name);
      yield {
        node: this.#node,
        namespace,
        pod,
        vms: values[at + PROXY.vms] ?? 0,
        tableVersion: values[at + PROXY.table] ? this.used : 0,
        tableSince: values[at + PROXY.tableSince] ?? 0,
        fallbacks: values[at + PROXY.fallbacks] ?? 0,
        lastSeen: this.lastSeen,
      };
    }
  }

  *ejections(): Iterable<Ejection> {
    for (const [service, replica, proxies] of this.#ejected) yield { service, replica, proxies };
  }

  #clear(): void {
    const none: ReadonlySet<string> = new Set();
    for (const rows of [this.#cpu, this.#served, this.#called, this.#proxies]) rows.retain(none);
    this.#ejected = [];
  }

  /** Forgets what a full report does not name. */
  #retain({ pods = [], served = [], calledReplicas = [], proxies = [], ejected = [] }: NodeReport): void {
    this.#cpu.retain(new Set(pods.map(([uid]) => uid)));
    this.#served.retain(new Set(served.map(([pod]) => pod)));
    this.#called.retain(new Set(calledReplicas.map(calledKey)));
    this.#proxies.retain(new Set(proxies.map(([pod]) => pod)));
    this.#ejected = ejected;
  }

  /** What each pod used. One whose row is omitted used nothing. */
  #acceptPods({ pods = [], gone = [] }: NodeReport, fallen: string[]): ReplicaWindow[] {
    for (const uid of gone) this.#cpu.delete(uid);
    const used = new Map<string, ReplicaWindow | undefined>();
    for (const row of pods) used.set(row[0], this.#acceptPod(row, fallen));
    const windows: ReplicaWindow[] = [];
    for (const [uid, at] of this.#cpu.entries()) {
      const window = used.has(uid) ? used.get(uid) : this.#podWindow(uid, at, 0, 0);
      if (window) windows.push(window);
    }
    return windows;
  }

  /** Undefined: there is nothing to subtract from. */
  #acceptPod([uid, seconds, throttled, , limit, granted]: PodCpuRow, fallen: string[]): ReplicaWindow | undefined {
    const known = this.#cpu.find(uid);
    const at = known ?? this.#cpu.add(uid);
    const { values } = this.#cpu;
    const used = seconds - (values[at + CPU.seconds] ?? 0);
    const waited = throttled - (values[at + CPU.throttledSeconds] ?? 0);
    values[at + CPU.seconds] = seconds;
    values[at + CPU.throttledSeconds] = throttled;
    values[at + CPU.limitCores] = limit ?? NaN;
    values[at + CPU.grantedCores] = granted ?? NaN;
    if (known === undefined) return undefined;
    if (used < 0 || waited < 0) {
      fallen.push(`pods ${uid}`);
      return undefined;
    }
    return this.#podWindow(uid, at, used, waited);
  }

  #podWindow(uid: string, at: number, cpuSeconds: number, throttledSeconds: number): ReplicaWindow {
    const { values } = this.#cpu;
    const limitCores = values[at + CPU.limitCores] ?? NaN;
    const grantedCores = values[at + CPU.grantedCores] ?? NaN;
    return {
      uid,
      cpuSeconds,
      throttledSeconds,
      ...(limitCores > 0 && { limitCores }),
      ...(grantedCores > 0 && { grantedCores }),
    };
  }

  #acceptServed(row: ServedRow, now: number, fallen: string[]): ServedWindow | undefined {
    const [pod, atMs, requests, failures, inFlight, inFlightSeconds, firstBucket, counts] = row;
    const known = this.#served.find(pod);
    const at = known ?? this.#served.add(pod);
    const { values } = this.#served;
    const seconds = (atMs - (values[at + SERVED.atMs] ?? 0)) / 1000;
    if (known !== undefined && !(seconds > 0)) return undefined;
    const latencyBuckets: number[] = [];
    let hasFallen = false;
    const since = (column: number, value: number): number => {
      const difference = value - (values[at + column] ?? 0);
      values[at + column] = value;
      hasFallen ||= difference < 0;
      return difference;
    };
    values[at + SERVED.atMs] = atMs;
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      latencyBuckets.push(since(SERVED.buckets + bucket, counts[bucket - firstBucket] ?? 0));
    }
    const counted = {
      requests: since(SERVED.requests, requests),
      failures: since(SERVED.failures, failures),
      inFlightSeconds: since(SERVED.inFlightSeconds, inFlightSeconds),
    };
    if (known === undefined) return undefined;
    if (hasFallen) {
      fallen.push(`served ${pod}`);
      return undefined;
    }
    const { namespace, name: replica } = splitQualifiedName(pod);
    return { namespace, replica, at: now, seconds, inFlight, ...counted, latencyBuckets };
  }

  #acceptCalled(row: CalledReplicaRow, atMs: number, now: number, fallen: string[]): CalledWindow | undefined {
    const [service, replica, requests, failures, , answered, latencySeconds] = row;
    const key = calledKey(row);
    const known = this.#called.find(key);
    const at = known ?? this.#called.add(key);
    const { values } = this.#called;
    const next = { requests, failures, answered, latencySeconds };
    const counted = {
      requests: requests - (values[at + CALLED.requests] ?? 0),
      failures: failures - (values[at + CALLED.failures] ?? 0),
      answered: answered - (values[at + CALLED.answered] ?? 0),
      latencySeconds: latencySeconds - (values[at + CALLED.latencySeconds] ?? 0),
    };
    const seconds = Math.min(MAX_CALLED_MS, atMs - (values[at + CALLED.atMs] ?? 0)) / 1000;
    values[at + CALLED.atMs] = atMs;
    for (const field of ['requests', 'failures', 'answered', 'latencySeconds'] as const) {
      values[at + CALLED[field]] = next[field];
    }
    if (known === undefined || !(seconds > 0)) return undefined;
    if (Object.values(counted).some((difference) => difference < 0)) {
      fallen.push(`calledReplicas ${service} ${replica}`);
      return undefined;
    }
    return { caller: this.#node, service, replica, at: now, seconds, ...counted };
  }

  #acceptProxy([pod, vms, table, fallbacks]: ProxyRow, now: number): void {
    const known = this.#proxies.find(pod);
    const at = known ?? this.#proxies.add(pod);
    const { values } = this.#proxies;
    if (known === undefined || values[at + PROXY.table] !== table) values[at + PROXY.tableSince] = now;
    values[at + PROXY.vms] = vms;
    values[at + PROXY.table] = table;
    values[at + PROXY.fallbacks] = fallbacks;
  }
}

function calledKey([service, replica]: CalledReplicaRow): string {
  return `${service}\n${replica}`;
}
