/**
 * What the plugin counts, in the form in which controllers of the version before take it: each VM's counters, every two
 * seconds, with a histogram of latencies for each replica that it calls. To be removed with the next version.
 */
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { ProxySync, SyncCalled } from '../../contract/proxy-sync.ts';
import type { AgentReport, CalledCounters, ProxyCounters } from '../../contract/report.ts';
import type { Sample } from '../sample/sampler.ts';
import type { Identity } from './node-reports.ts';
import { type Batch, PendingStatistics } from './pending-statistics.ts';

/** How often such a controller expects to see a VM. */
const REPEAT_MS = 2000;
/** A VM says that it lives every 30 s. */
const GONE_MS = 35_000;

/** Reports of that version: everything in each, with the newest statistics of each VM. */
export class V1Reports {
  readonly #identity: Identity;
  readonly #statistics: V1Statistics;
  readonly #pending = new PendingStatistics();
  #sequence = 0;
  #batch: Batch = [];

  constructor(identity: Identity, wallClockMs: () => number) {
    this.#identity = identity;
    this.#statistics = new V1Statistics(wallClockMs);
  }

  /** VMs whose statistics are not yet with the controller. */
  get size(): number {
    return this.#pending.size;
  }

  /** How many statistics were given up undelivered. */
  get dropped(): number {
    return this.#pending.dropped;
  }

  /** Takes what a VM counted; `tableVersion` is the controller's number of what its proxy uses. */
  accept(message: ProxySync, tableVersion: number, now: number): void {
    const counters = this.#statistics.accept(message, tableVersion, now);
    if (counters !== undefined) this.#pending.accept(counters, now);
  }

  /** Takes what a plugin of the version before counted. */
  acceptOld(counters: ProxyCounters, now: number): void {
    this.#pending.accept(counters, now);
  }

  /** Does what has become due. */
  tick(now: number): void {
    for (const counters of this.#statistics.repeat(now)) this.#pending.accept(counters, now);
  }

  next(sample: Sample): string {
    const report: Omit<AgentReport, 'proxies'> = {
      ...this.#identity,
      sequence: this.#sequence++,
      monotonicMs: Math.round(sample.monotonicMs * 1000) / 1000,
      cpu: sample.cpu,
      replicas: sample.replicas,
    };
    this.#batch = this.#pending.take();
    return `${JSON.stringify(report).slice(0, -1)},"proxies":[${this.#batch.map(({ json }) => json).join(',')}]}`;
  }

  /** The last report was taken. What is lost with a controller that goes, proxies say again. */
  delivered(): void {
    this.#pending.delivered(this.#batch);
    this.#batch = [];
  }
}

interface Histogram {
  answered: number;
  latencySeconds: number;
  readonly buckets: number[];
}

interface Vm {
  counters: ProxyCounters;
  histograms: Map<string, Histogram>;
  lastSeen: number;
  sentAt: number;
}

export class V1Statistics {
  readonly #vms = new Map<string, Vm>();
  readonly #wallClockMs: () => number;

  constructor(wallClockMs: () => number) {
    this.#wallClockMs = wallClockMs;
  }

  /** The counters of a message; undefined when it holds none. */
  accept(message: ProxySync, tableVersion: number, now: number): ProxyCounters | undefined {
    const { namespace, pod, instance, fallbacks, served, complete } = message;
    const key = `${namespace}/${pod}/${instance}`;
    const before = this.#vms.get(key);
    if (!complete && served === undefined && message.called.length === 0) {
      if (before !== undefined) before.lastSeen = now;
      return undefined;
    }
    const histograms = new Map<string, Histogram>();
    const called = message.called.map((record) => {
      const row = `${record.service}\n${record.replica}`;
      const histogram = histogramOf(record, before?.histograms.get(row));
      histograms.set(row, histogram);
      return calledCounters(record, histogram);
    });
    const counters: ProxyCounters = {
      namespace,
      pod,
      instance,
      sequence: this.#nextSequence(before),
      tableVersion: message.hasTable ? tableVersion : 0,
      fallbacks,
      ...(served !== undefined && {
        served: {
          requests: served.requests,
          failures: served.failures,
          inFlight: served.inFlight,
          inFlightSeconds: served.inFlightSeconds,
          latencyBuckets: [...served.latencyBuckets],
        },
      }),
      called,
    };
    this.#vms.set(key, { counters, histograms, lastSeen: now, sentAt: now });
    return counters;
  }

  /** Counters to be sent again: a controller of that version forgets a VM that it does not see for ten seconds. */
  repeat(now: number): ProxyCounters[] {
    const due: ProxyCounters[] = [];
    for (const [key, vm] of this.#vms) {
      if (now - vm.lastSeen > GONE_MS) {
        this.#vms.delete(key);
      } else if (now - vm.sentAt >= REPEAT_MS) {
        vm.counters = { ...vm.counters, sequence: this.#nextSequence(vm) };
        vm.sentAt = now;
        due.push(vm.counters);
      }
    }
    return due;
  }

  /** By the wall clock, so that it rises over restarts of the agent, too. */
  #nextSequence(before: Vm | undefined): number {
    return Math.max((before?.counters.sequence ?? 0) + 1, Math.floor(this.#wallClockMs()));
  }
}

/** Puts what was answered since the last message into the bucket of its mean latency. */
function histogramOf(record: SyncCalled, before: Histogram | undefined): Histogram {
  const isSame =
    before !== undefined && before.answered <= record.answered && before.latencySeconds <= record.latencySeconds;
  const buckets = isSame ? before.buckets : Array.from({ length: LATENCY_BUCKETS }, () => 0);
  const answered = record.answered - (isSame ? before.answered : 0);
  const seconds = record.latencySeconds - (isSame ? before.latencySeconds : 0);
  if (answered > 0) {
    let bucket = 0;
    while (bucketBoundSeconds(bucket) < seconds / answered) bucket++;
    buckets[bucket] = (buckets[bucket] ?? 0) + answered;
  }
  return { answered: record.answered, latencySeconds: record.latencySeconds, buckets };
}

function calledCounters(record: SyncCalled, { buckets }: Histogram): CalledCounters {
  return {
    service: record.service,
    replica: record.replica,
    requests: record.requests,
    failures: record.failures,
    unreached: record.unreached,
    ejected: record.ejected,
    inFlight: record.inFlight,
    inFlightSeconds: record.latencySeconds,
    latencyBuckets: [...buckets],
  };
}
