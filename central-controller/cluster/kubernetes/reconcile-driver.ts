/** Has the cluster brought in line with what was decided: one run at a time, and only while this controller leads. */
import type { Decision } from '../../contract/decision.ts';
import type { JoinProblem } from '../join.ts';
import type { Topology } from '../topology.ts';
import type { ObservedObjects } from './observed-objects.ts';

/** What brings the cluster in line: it compares with what is observed, and writes only what differs. */
export interface Reconciler {
  reconcile(
    observed: ObservedObjects,
    topology: Topology,
    problems: readonly JoinProblem[],
    decision: Decision | undefined,
    leading: boolean,
  ): Promise<void>;
}

/** What a run works on, as it is at its beginning. */
export interface ReconcileInput {
  readonly observed: ObservedObjects;
  readonly topology: Topology;
  readonly problems: readonly JoinProblem[];
  readonly decision: Decision | undefined;
}

/** A decision alone changes figures of a status: it can wait for so long. */
const DECISION_MS = 1_000;

export class ReconcileDriver {
  readonly #reconciler: Reconciler;
  readonly #read: () => ReconcileInput;
  readonly #isLeading: () => boolean;
  readonly #now: () => number;
  readonly #onFailure: (error: unknown) => void;
  #seen: ObservedObjects | undefined;
  #lastAt = -Infinity;
  #running: Promise<void> | undefined;

  constructor(parts: {
    readonly reconciler: Reconciler;
    readonly read: () => ReconcileInput;
    readonly isLeading: () => boolean;
    /** ms */
    readonly now: () => number;
    /** A run failed; the next decision is the next try. */
    readonly onFailure: (error: unknown) => void;
  }) {
    this.#reconciler = parts.reconciler;
    this.#read = parts.read;
    this.#isLeading = parts.isLeading;
    this.#now = parts.now;
    this.#onFailure = parts.onFailure;
  }

  /** To be called after each decision. */
  decided(): void {
    if (this.#running || !this.#isLeading()) return;
    const { observed, topology, problems, decision } = this.#read();
    if (observed === this.#seen && this.#now() - this.#lastAt < DECISION_MS) return;
    this.#seen = observed;
    this.#lastAt = this.#now();
    this.#running = this.#reconciler
      .reconcile(observed, topology, problems, decision, true)
      .catch(this.#onFailure)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }
}
