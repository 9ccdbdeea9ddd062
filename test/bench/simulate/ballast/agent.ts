/** One node's agent in virtual time: the real one's parts, with messages that take their time instead of sockets. */
import type { AssignmentUpdate } from '../../../../contract/assignment.ts';
import { decodeProxySync } from '../../../../contract/proxy-sync.ts';
import type { AgentReport, ProxyCounters } from '../../../../contract/report.ts';
import { ProxyTables } from '../../../../host-agent/serve/proxy-tables.ts';
import { HeldAssignments } from '../../../../host-agent/uplink/held-assignments.ts';
import { PendingStatistics } from '../../../../host-agent/uplink/pending-statistics.ts';
import { V1Statistics } from '../../../../host-agent/uplink/v1-report.ts';
import type { Timeline } from '../fleet/ports.ts';
import { EPOCH_MS } from './clock.ts';

/** Between two samples, seconds. */
const INTERVAL = 0.25;

export type CpuSample = Pick<AgentReport, 'cpu' | 'replicas'>;

export interface AgentParts {
  readonly node: string;
  readonly timeline: Timeline;
  /** Part of the interval after which it first reports: agents are not in step. */
  readonly phase: number;
  readonly sample: () => CpuSample;
  /** Takes a report to the controller. */
  readonly report: (report: AgentReport) => void;
}

export class SimulatedAgent {
  readonly node: string;
  readonly #parts: AgentParts;
  readonly #held = new HeldAssignments();
  readonly #tables: ProxyTables;
  readonly #v1: V1Statistics;
  readonly #statistics = new PendingStatistics();
  #sequence = 0;

  constructor(parts: AgentParts) {
    this.node = parts.node;
    this.#parts = parts;
    const now = (): number => this.#now();
    this.#tables = new ProxyTables(this.#held, now, EPOCH_MS, () => undefined);
    this.#v1 = new V1Statistics(now);
    parts.timeline.after(parts.phase * INTERVAL, () => this.#tick());
  }

  #now(): number {
    return this.#parts.timeline.now * 1000;
  }

  /** An update of the assignments came in. */
  update(update: AssignmentUpdate): void {
    const versionBefore = this.#held.version;
    const change = this.#held.apply(update, this.#now());
    this.#tables.changed(change, versionBefore);
  }

  /** `POST /v1/sync`; answered with the services that differ, or without a body where the message is not held. */
  sync(body: Uint8Array, answer: (blocks: Uint8Array | undefined) => void): void {
    const decoded = decodeProxySync(body);
    if (!decoded.ok) throw new Error(`the plugin's message does not decode: ${decoded.failure.message}`);
    const { namespace, pod, holdMs } = decoded.value;
    const version = this.#tables.versionUsedBy(`${namespace}/${pod}`);
    const counters = this.#v1.accept(decoded.value, version, this.#now());
    if (counters !== undefined) this.#statistics.accept(counters, this.#now());
    if (holdMs === 0) answer(undefined);
    else this.#tables.answers.take(decoded.value, answer);
  }

  #tick(): void {
    this.#parts.timeline.after(INTERVAL, () => this.#tick());
    const batch = this.#statistics.take();
    this.#parts.report({
      node: this.node,
      instance: 'agent',
      sequence: this.#sequence++,
      monotonicMs: this.#now(),
      ...this.#parts.sample(),
      proxies: batch.map((entry) => JSON.parse(entry.json) as ProxyCounters),
    });
    this.#statistics.delivered(batch);
    this.#tables.tick();
    for (const counters of this.#v1.repeat(this.#now())) this.#statistics.accept(counters, this.#now());
  }
}
