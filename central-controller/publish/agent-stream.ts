/** The connection of one agent: which services it wants, and what it has not been sent yet. */
import type { PodCpuGrant } from '../../contract/assignment.ts';
import type { PodUtilisation } from './node-utilisation.ts';

/** The transport of a connection. */
export interface Subscriber {
  readonly node: string;
  /** Takes a line. Returns false when it can take no more for now; `Publisher.drained` tells when it can again. */
  write(line: string): boolean;
  /** Ends the connection; the agent opens another. */
  close(): void;
}

/** What concerns one node alone. */
export interface NodeNews {
  readonly grants: readonly PodCpuGrant[];
  readonly utilisation: readonly PodUtilisation[];
  /** Service keys of which the agent reports each called replica instead of a sum. */
  readonly detail: readonly string[];
}

export const NO_NEWS: NodeNews = { grants: [], utilisation: [], detail: [] };

/** JSON of services for the next line. */
export interface PendingServices {
  readonly rows: string[];
  readonly weights: string[];
  readonly unbalanced: string[];
}

export class AgentStream {
  readonly subscriber: Subscriber;
  /** Keys; undefined: all services. */
  readonly wanted: ReadonlySet<string> | undefined;
  /** Versions that the agent holds from an earlier connection to this leader. */
  readonly held: ReadonlyMap<string, number>;
  pending: PendingServices = { rows: [], weights: [], unbalanced: [] };
  /** What was sent last that concerns the node alone; undefined while the leader has not learnt everything. */
  sent: NodeNews | undefined;
  /** Version of the last line. Services of a later one were missed. */
  version = 0;
  lineAt = -Infinity;
  /** Set while the connection takes no more. The line that filled it was still taken. */
  blockedSince: number | undefined;
  /** Lines were left out since then. */
  missed = false;

  constructor(subscriber: Subscriber, wanted: ReadonlySet<string> | undefined, held: ReadonlyMap<string, number>) {
    this.subscriber = subscriber;
    this.wanted = wanted;
    this.held = held;
  }

  get hasPending(): boolean {
    const { rows, weights, unbalanced } = this.pending;
    return rows.length + weights.length + unbalanced.length > 0;
  }

  clearPending(): void {
    if (this.hasPending) this.pending = { rows: [], weights: [], unbalanced: [] };
  }
}
