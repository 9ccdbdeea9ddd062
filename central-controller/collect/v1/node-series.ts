/** The last counters of one node's agent, and what a new report adds to them. */
import type { AgentReport, ReplicaCpu } from '../../../contract/report.ts';
import { failure, type Result, success } from '../../../contract/result.ts';
import type { NodeWindow, ReplicaWindow } from '../../model/windows.ts';
import { AgentSequence } from '../agent-sequence.ts';

/** What a report adds: the window since the one before it, and the replicas' counters that fell meanwhile. */
export interface Advance {
  /** Undefined for the first report of an agent. */
  readonly window: NodeWindow | undefined;
  /** Field names. The window leaves these replicas out; their counters start anew. */
  readonly fallen: readonly string[];
}

export class NodeSeries {
  readonly #sequence = new AgentSequence();
  #last: { readonly report: AgentReport; readonly replicas: ReadonlyMap<string, ReplicaCpu> } | undefined;

  /** When the last report was accepted, ms of the controller's clock. */
  get lastSeen(): number {
    return this.#sequence.lastSeen;
  }

  /** What the report adds since the last one. A refused report changes nothing. Lost reports make the window longer. */
  advance(report: AgentReport, now: number): Result<Advance> {
    const replicas = new Map(report.replicas.map((replica) => [replica.uid, replica]));
    if (replicas.size !== report.replicas.length) {
      return failure('MALFORMED_REPORT', 'replicas: one uid is named twice');
    }
    const elapsed = this.#sequence.elapsedMs(report, now);
    if (!elapsed.ok) return elapsed;
    const last = this.#last;
    let advance: Advance = { window: undefined, fallen: [] };
    if (last && elapsed.value !== undefined) {
      const fallenOfNode = fallenField('cpu', report.cpu, last.report.cpu, ['busySeconds', 'stealSeconds']);
      if (fallenOfNode !== undefined) return failure('MALFORMED_REPORT', fallenOfNode);
      advance = subtract(report, last.report, last.replicas, elapsed.value, now);
    }
    this.#sequence.accept(report, now);
    this.#last = { report, replicas };
    return success(advance);
  }
}

function subtract(
  report: AgentReport,
  before: AgentReport,
  known: ReadonlyMap<string, ReplicaCpu>,
  elapsedMs: number,
  now: number,
): Advance {
  const replicas: ReplicaWindow[] = [];
  const fallen: string[] = [];
  for (const [index, replica] of report.replicas.entries()) {
    const last = known.get(replica.uid);
    if (last === undefined) continue;
    const field = fallenField(`replicas[${index}]`, replica, last, REPLICA_COUNTERS);
    if (field === undefined) replicas.push(replicaWindow(replica, last));
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
  return { window, fallen };
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
