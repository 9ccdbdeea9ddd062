/** The last counters of one node's agent, and what a new report adds to them. */
import type { AgentReport, ReplicaCpu } from '../../contract/report.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import type { NodeWindow, ReplicaWindow } from '../model/windows.ts';

/** How far an agent's clock may run ahead of the controller's between two reports: what a delayed one explains. */
const CLOCK_LEAD_MS = 10_000;

/** Agents that were replaced on this node and must not speak again; two that alternate are told apart by it. */
const REMEMBERED_AGENTS = 8;

/** What a report adds: the window since the one before it, and the replicas' counters that fell meanwhile. */
export interface Advance {
  /** Undefined for the first report of an agent. */
  readonly window: NodeWindow | undefined;
  /** Field names. The window leaves these replicas out; their counters start anew. */
  readonly fallen: readonly string[];
}

interface Baseline {
  readonly report: AgentReport;
  readonly receivedAt: number;
  readonly replicas: ReadonlyMap<string, ReplicaCpu>;
}

export class NodeSeries {
  #last: Baseline | undefined;
  #replaced: string[] = [];

  /** When the last report was accepted, ms of the controller's clock. */
  get lastSeen(): number {
    return this.#last?.receivedAt ?? -Infinity;
  }

  /**
   * What the report adds since the one before it. A refused report changes nothing. Lost reports only make the window
   * longer.
   */
  advance(report: AgentReport, now: number): Result<Advance> {
    const replicas = new Map(report.replicas.map((replica) => [replica.uid, replica]));
    if (replicas.size !== report.replicas.length) {
      return failure('MALFORMED_REPORT', 'replicas: one uid is named twice');
    }
    const last = this.#last;
    if (this.#replaced.includes(report.instance)) {
      return failure('STALE_REPORT', `instance: agent ${report.instance} was replaced by ${last?.report.instance}`);
    }
    if (last?.report.instance !== report.instance) {
      if (last) this.#replaced = [...this.#replaced, last.report.instance].slice(-REMEMBERED_AGENTS);
      this.#last = { report, receivedAt: now, replicas };
      return success({ window: undefined, fallen: [] });
    }
    const advance = subtract(report, last, now);
    if (advance.ok) this.#last = { report, receivedAt: now, replicas };
    return advance;
  }
}

function subtract(report: AgentReport, last: Baseline, now: number): Result<Advance> {
  const before = last.report;
  if (report.sequence <= before.sequence) {
    return failure('STALE_REPORT', `sequence: ${report.sequence} does not follow ${before.sequence}`);
  }
  const elapsedMs = report.monotonicMs - before.monotonicMs;
  if (!(elapsedMs > 0)) {
    return failure('STALE_REPORT', `monotonicMs: ${report.monotonicMs} is not later than ${before.monotonicMs}`);
  }
  const leadMs = elapsedMs - (now - last.receivedAt);
  if (leadMs > CLOCK_LEAD_MS) {
    return failure('STALE_REPORT', `monotonicMs: runs ${Math.round(leadMs)} ms ahead of the controller's clock`);
  }
  const fallenOfNode = fallenField('cpu', report.cpu, before.cpu, ['busySeconds', 'stealSeconds']);
  if (fallenOfNode !== undefined) return failure('MALFORMED_REPORT', fallenOfNode);
  const replicas: ReplicaWindow[] = [];
  const fallen: string[] = [];
  for (const [index, replica] of report.replicas.entries()) {
    const known = last.replicas.get(replica.uid);
    if (known === undefined) continue;
    const field = fallenField(`replicas[${index}]`, replica, known, REPLICA_COUNTERS);
    if (field === undefined) replicas.push(replicaWindow(replica, known));
    else fallen.push(field);
  }
  const window = {
    node: report.node,
    at: now,
    seconds: elapsedMs / 1000,
    cores: report.cpu.cores,
    busySeconds: report.cpu.busySeconds - before.cpu.busySeconds,
    stealSeconds: report.cpu.stealSeconds - before.cpu.stealSeconds,
    replicas,
  };
  return success({ window, fallen });
}

const REPLICA_COUNTERS = ['cpuSeconds', 'throttledSeconds'] as const;

/** The first counter that fell, as a sentence that names it. */
function fallenField<Field extends string>(
  path: string,
  next: { readonly [field in Field]?: number },
  before: { readonly [field in Field]?: number },
  fields: readonly Field[],
): string | undefined {
  const field = fields.find((name) => (next[name] ?? 0) < (before[name] ?? 0) && next[name] !== undefined);
  return field && `${path}.${field}: fell from ${before[field]} to ${next[field]}`;
}

function replicaWindow(next: ReplicaCpu, before: ReplicaCpu): ReplicaWindow {
  return {
    uid: next.uid,
    cpuSeconds: next.cpuSeconds - before.cpuSeconds,
    throttledSeconds: next.throttledSeconds - before.throttledSeconds,
    ...(next.limitCores !== undefined && { limitCores: next.limitCores }),
    ...(next.grantedCores !== undefined && { grantedCores: next.grantedCores }),
  };
}
