/**
 * What the plugin counts, in the form in which controllers of the version before take it: each VM's counters, every two
 * seconds, with a histogram of latencies for each replica that it calls. To be removed with the next version.
 */
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { ProxySync, SyncCalled } from '../../contract/proxy-sync.ts';
import type { CalledCounters, ProxyCounters } from '../../contract/report.ts';

/** How often such a controller expects to see a VM. */
const REPEAT_MS = 2000;
/** A VM says that it lives every 30 s. */
const GONE_MS = 35_000;

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
