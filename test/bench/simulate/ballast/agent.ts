/** One node's agent in virtual time: the real one's parts, with messages that take their time instead of sockets. */
import type { AssignmentUpdate } from '../../../../contract/assignment.ts';
import { decodeProxyStatistics } from '../../../../contract/proxy-statistics.ts';
import type { AgentReport, ProxyCounters } from '../../../../contract/report.ts';
import { LongPolls } from '../../../../host-agent/serve/long-polls.ts';
import { TableStore } from '../../../../host-agent/serve/table-store.ts';
import { HeldAssignments } from '../../../../host-agent/uplink/held-assignments.ts';
import { PendingStatistics } from '../../../../host-agent/uplink/pending-statistics.ts';
import type { Timeline } from '../fleet/ports.ts';
import { EPOCH_MS } from './clock.ts';

/** Between two samples, seconds. */
const INTERVAL = 0.25;
/** As long as the real agent holds a poll, ms. */
const HOLD_MS = 20_000;
const POLLS = 4000;

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
  readonly #board: TableStore;
  readonly #polls = new LongPolls(POLLS);
  readonly #statistics = new PendingStatistics();
  #sequence = 0;

  constructor(parts: AgentParts) {
    this.node = parts.node;
    this.#parts = parts;
    this.#board = new TableStore(this.#held, EPOCH_MS);
    parts.timeline.after(parts.phase * INTERVAL, () => this.#tick());
  }

  #now(): number {
    return this.#parts.timeline.now * 1000;
  }

  /** An update of the assignments came in. */
  update(update: AssignmentUpdate): void {
    const change = this.#held.apply(update, this.#now());
    if (this.#board.changed(change, this.#now())) this.#polls.release();
  }

  /** `GET /v1/table?version=<held>`; answered with the table, or without one when nothing came up in time. */
  poll(held: string, answer: (table: Uint8Array | undefined) => void): void {
    const current = (): Uint8Array | undefined => this.#board.table(this.#now())?.bytes;
    const table = this.#board.table(this.#now());
    if (table !== undefined && String(table.version) !== held) return answer(table.bytes);
    const unchanged = (): void => answer(undefined);
    this.#polls.add({ until: this.#now() + HOLD_MS, changed: () => answer(current()), unchanged });
    return undefined;
  }

  /** `POST /v1/statistics`. */
  post(body: Uint8Array): void {
    const decoded = decodeProxyStatistics(body);
    if (!decoded.ok) throw new Error(`the plugin's statistics do not decode: ${decoded.failure.message}`);
    const tableVersion = this.#board.assignmentOf(decoded.value.tableVersion);
    this.#statistics.accept({ ...decoded.value, tableVersion }, this.#now());
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
    if (this.#board.tick(this.#now())) this.#polls.release();
    this.#polls.tick(this.#now());
  }
}
