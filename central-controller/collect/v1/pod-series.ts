/**
 * What the proxy of one pod counted. An Envoy runs one VM of the plugin per worker and each posts on its own, about
 * every two seconds; a window closes when every live VM has posted, so that it holds the whole proxy and not a part of it.
 */
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { qualifiedName } from '../../../contract/names.ts';
import type { CalledCounters, ProxyCounters } from '../../../contract/report.ts';
import type { ProxyStatus } from '../node-counters.ts';
import { addCounts, type Counters, type Counts, countsSince } from './counts.ts';
import type { Window } from '../../model/windows.ts';

/** A VM that has been silent for longer does not hold up the window of its pod. */
const LIVE_MS = 5_000;

/** A VM that has been silent for longer is gone. */
const GONE_MS = 10_000;

/** What a VM counted of a replica is spread over its posts where there is much; gone is what none named for so long. */
const NAMED_MS = 60_000;

/** What a VM said last of a replica that it calls. */
interface NamedReplica {
  readonly record: CalledCounters;
  readonly at: number;
}

/** The newest that one VM of the plugin said of itself. */
export interface ProxyVm {
  readonly node: string;
  readonly counters: ProxyCounters;
  readonly called: ReadonlyMap<string, NamedReplica>;
  readonly receivedAt: number;
  /** When it was first seen to use its present table, ms of the controller's clock. */
  readonly tableSince: number;
  readonly inWindow: boolean;
}

export class PodSeries {
  readonly namespace: string;
  readonly pod: string;
  readonly #vms = new Map<string, ProxyVm>();
  #openedAt: number;
  #served: Counts | undefined;
  #called = new Map<string, Counts>();

  constructor(namespace: string, pod: string, now: number) {
    this.namespace = namespace;
    this.pod = pod;
    this.#openedAt = now;
  }

  vms(): Iterable<ProxyVm> {
    return this.#vms.values();
  }

  /** Of all its VMs together; undefined when there is none. */
  status(): ProxyStatus | undefined {
    const vms = [...this.#vms.values()];
    const [first] = vms;
    if (!first) return undefined;
    return {
      node: first.node,
      namespace: this.namespace,
      pod: this.pod,
      vms: vms.length,
      tableVersion: Math.min(...vms.map(({ counters }) => counters.tableVersion)),
      tableSince: Math.max(...vms.map(({ tableSince }) => tableSince)),
      fallbacks: vms.reduce((sum, { counters }) => sum + counters.fallbacks, 0),
      lastSeen: Math.max(...vms.map(({ receivedAt }) => receivedAt)),
    };
  }

  /** Drops VMs that went silent; true when none is left. */
  forgetSilent(now: number): boolean {
    for (const [instance, vm] of this.#vms) if (now - vm.receivedAt > GONE_MS) this.#vms.delete(instance);
    return this.#vms.size === 0;
  }

  /**
   * Takes one VM's statistics; the same sequence again is nothing new. Returns the fields whose counters fell though
   * the VM is the same: each starts anew from what it says now.
   */
  accept(counters: ProxyCounters, node: string, now: number): readonly string[] {
    const before = this.#vms.get(counters.instance);
    if (before && counters.sequence <= before.counters.sequence) return [];
    const called = new Map(
      counters.called.map((record) => [`${record.service}\n${record.replica}`, { record, at: now }]),
    );
    const sameTable = before?.counters.tableVersion === counters.tableVersion;
    this.#vms.set(counters.instance, {
      node,
      counters,
      called: before ? withUnnamed(called, before.called, now) : called,
      receivedAt: now,
      tableSince: sameTable ? before.tableSince : now,
      inWindow: before !== undefined,
    });
    return before ? this.#add(before, counters.served, called) : [];
  }

  /** The windows that closed, if every live VM has posted since the last ones. */
  close(now: number): readonly Window[] {
    const seconds = (now - this.#openedAt) / 1000;
    const live = [...this.#vms.values()].filter((vm) => now - vm.receivedAt <= LIVE_MS);
    if (seconds <= 0 || live.length === 0 || !live.every((vm) => vm.inWindow)) return [];
    const windows: Window[] = [];
    if (this.#served) {
      const { unreached: _, ...counts } = this.#served;
      const inFlight = live.reduce((sum, vm) => sum + (vm.counters.served?.inFlight ?? 0), 0);
      windows.push({
        kind: 'served',
        namespace: this.namespace,
        replica: this.pod,
        at: now,
        seconds,
        ...counts,
        inFlight,
      });
    }
    const caller = qualifiedName({ namespace: this.namespace, name: this.pod });
    for (const [key, { requests, failures, latencyBuckets }] of this.#called) {
      const [service = '', replica = ''] = key.split('\n');
      const answered = latencyBuckets.reduce((sum, count) => sum + count, 0);
      const latencySeconds = secondsInBuckets(latencyBuckets);
      const counts = { requests, failures, answered, latencySeconds };
      windows.push({ kind: 'called', caller, service, replica, at: now, seconds, ...counts });
    }
    this.#openedAt = now;
    this.#served = undefined;
    this.#called = new Map();
    for (const [instance, vm] of this.#vms) this.#vms.set(instance, { ...vm, inWindow: false });
    return windows;
  }

  #add(before: ProxyVm, served: Counters | undefined, called: ReadonlyMap<string, NamedReplica>): string[] {
    const fallen: string[] = [];
    const path = `proxies ${qualifiedName({ namespace: this.namespace, name: this.pod })}`;
    if (served) {
      const since = countsSince(served, before.counters.served);
      if (since.ok) this.#served = this.#served ? addCounts(this.#served, since.counts) : since.counts;
      else fallen.push(`${path} served.${since.field}`);
    }
    for (const [key, { record }] of called) {
      const known = before.called.get(key);
      const wasInLastPost = known?.at === before.receivedAt;
      const difference = countsSince(record, known?.record);
      // A replica that some posts left out may have gone and come again meanwhile, with counters from zero.
      const since = difference.ok || wasInLastPost ? difference : countsSince(record, undefined);
      const sum = this.#called.get(key);
      if (since.ok) this.#called.set(key, sum ? addCounts(sum, since.counts) : since.counts);
      else fallen.push(`${path} called ${record.service} ${record.replica} ${since.field}`);
    }
    return fallen;
  }
}

/** With what the posts before said of replicas that this one leaves out. */
function withUnnamed(
  named: ReadonlyMap<string, NamedReplica>,
  before: ReadonlyMap<string, NamedReplica>,
  now: number,
): ReadonlyMap<string, NamedReplica> {
  const all = new Map(named);
  for (const [key, known] of before) if (!all.has(key) && now - known.at <= NAMED_MS) all.set(key, known);
  return all;
}

/** Sum of the latencies in a histogram, each taken as the geometric middle of its bucket. */
function secondsInBuckets(buckets: readonly number[]): number {
  return buckets.reduce((sum, count, index) => {
    const bound = bucketBoundSeconds(Math.min(index, LATENCY_BUCKETS - 2));
    return sum + count * bound * 2 ** -0.25;
  }, 0);
}
