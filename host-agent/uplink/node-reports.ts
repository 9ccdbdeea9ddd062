/**
 * Writes the node's reports: what changed since the one before, or everything in a full one. Each report is taken as
 * delivered: where one is lost, the next is a full one.
 */
import type { NodeInventory } from '../../contract/node-inventory.ts';
import type { NodeReport, PodCpuRow, ProxyRow } from '../../contract/node-report.ts';
import type { ReplicaCpu } from '../../contract/report.ts';
import { fnv1a } from '../../contract/sync-answer.ts';
import type { Sample } from '../sample/sampler.ts';
import type { ProxySums } from './proxy-sums.ts';

/** How often calls, ejections and proxies are reported. */
const BATCH_MS = 2000;

export interface Identity {
  readonly node: string;
  /** Random per process: the controller then knows that counters begin anew. */
  readonly instance: string;
}

/** Versions of the controller's assignments. */
export interface Versions {
  /** The newest that the agent holds. */
  readonly held: number;
  /** The newest that every proxy of the node uses. */
  readonly used: number;
}

export class NodeReports {
  readonly #identity: Identity;
  readonly #sums: ProxySums;
  /** Sent with each full report, so with the first of each controller. */
  inventory: NodeInventory | undefined;
  #sequence = 0;
  #pods = new Map<string, PodCpuRow>();
  #proxies = new Map<string, ProxyRow>();
  #ejected = '[]';
  #batchAt: number;

  constructor(identity: Identity, sums: ProxySums, now: number) {
    this.#identity = identity;
    this.#sums = sums;
    // The agents of a cluster send these at different times, and each at its own.
    this.#batchAt = now - BATCH_MS + (fnv1a(Buffer.from(identity.node)) % BATCH_MS);
  }

  /** The next report, as JSON in one line. */
  next(sample: Sample, versions: Versions, full: boolean): string {
    const { cores, busySeconds, stealSeconds } = sample.cpu;
    const now = sample.monotonicMs;
    const report: NodeReport = {
      ...this.#identity,
      sequence: this.#sequence++,
      monotonicMs: Math.round(now * 1000) / 1000,
      ...(full && { full, ...(this.inventory && { inventory: this.inventory }) }),
      cpu: [cores, busySeconds, stealSeconds],
      ...this.#podRows(sample.replicas, full),
      ...withRows('served', this.#sums.takeServed(full)),
      ...(this.#isBatchDue(now, full) && this.#batch(full)),
      held: versions.held,
      used: versions.used,
    };
    return JSON.stringify(report);
  }

  #podRows(replicas: readonly ReplicaCpu[], full: boolean): Partial<NodeReport> {
    const rows: PodCpuRow[] = [];
    const pods = new Map<string, PodCpuRow>();
    for (const replica of replicas) {
      const before = this.#pods.get(replica.uid);
      const row = before !== undefined && isSame(before, replica) ? before : rowOf(replica);
      if (full || row !== before) rows.push(row);
      pods.set(replica.uid, row);
    }
    const gone = this.#pods
      .keys()
      .filter((uid) => !pods.has(uid))
      .toArray();
    this.#pods = pods;
    return { ...withRows('pods', rows), ...(!full && withRows('gone', gone)) };
  }

  #isBatchDue(now: number, full: boolean): boolean {
    // Beats are not exact: one that comes a moment early must not put the batch off to the next.
    if (!full && now - this.#batchAt < BATCH_MS - 20) return false;
    this.#batchAt = now;
    return true;
  }

  /** Calls are named even where none changed: so the controller knows that there were none. */
  #batch(full: boolean): Partial<NodeReport> {
    if (full) this.#sums.called.retain(this.#sums.namedServices());
    const ejected = this.#sums.ejected();
    const text = JSON.stringify(ejected);
    const hasOtherEjected = text !== this.#ejected;
    this.#ejected = text;
    return {
      called: this.#sums.called.take(full),
      ...withRows('calledReplicas', this.#sums.called.takeReplicas(full)),
      ...((hasOtherEjected || full) && { ejected }),
      ...this.#proxyRows(full),
    };
  }

  #proxyRows(full: boolean): Partial<NodeReport> {
    const proxies = new Map(this.#sums.proxies().map((row) => [row[0], row]));
    const rows = [...proxies.values()].filter((row) => {
      const before = this.#proxies.get(row[0]);
      return full || !before || row.some((value, column) => value !== before[column]);
    });
    const gone = [...this.#proxies.keys()].filter((pod) => !proxies.has(pod));
    this.#proxies = proxies;
    return { ...withRows('proxies', rows), ...(!full && withRows('proxiesGone', gone)) };
  }
}

/** The field, unless it is empty. */
function withRows<Field extends string, Row>(field: Field, rows: Row[]): { [field in Field]?: Row[] } {
  return rows.length > 0 ? ({ [field]: rows } as { [field in Field]?: Row[] }) : {};
}

function rowOf({ uid, cpuSeconds, throttledSeconds, ...optional }: ReplicaCpu): PodCpuRow {
  const { pressureSeconds = null, limitCores = null, grantedCores = null } = optional;
  return [uid, cpuSeconds, throttledSeconds, pressureSeconds, limitCores, grantedCores];
}

function isSame(row: PodCpuRow, replica: ReplicaCpu): boolean {
  return (
    row[1] === replica.cpuSeconds &&
    row[2] === replica.throttledSeconds &&
    row[3] === (replica.pressureSeconds ?? null) &&
    row[4] === (replica.limitCores ?? null) &&
    row[5] === (replica.grantedCores ?? null)
  );
}
