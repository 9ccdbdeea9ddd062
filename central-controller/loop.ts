/**
 * The control loop: one level-triggered reconcile from everything that is known to everything that is published.
 * Events only ask for it sooner; it never depends on having seen them all.
 */
import type { Cluster, Topology } from './cluster/topology.ts';
import type { Collector, ProxyStatus } from './collect/collector.ts';
import type { Decision } from './contract/decision.ts';
import type { AgentReport } from './contract/report.ts';
import type { Result } from './contract/result.ts';
import { DecisionHistory } from './decision-history.ts';
import { createDecisionMemory, decide } from './decide/decide.ts';
import { DEFAULT_PARAMETERS, type Parameters } from './decide/policy.ts';
import { createEstimates, observe, snapshot } from './estimate/estimator.ts';
import type { ManualWeights } from './manual-weights.ts';
import type { Publisher } from './publish/publisher.ts';

/** Events within this time share one reconcile. */
const COALESCE_MS = 20;

export interface Clock {
  /** ms since 1970, but never stepping back. */
  now(): number;
  /** Runs once after `ms`; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

export interface LoopParts {
  readonly clock: Clock;
  readonly tickMs: number;
  readonly cluster: Cluster;
  readonly collector: Collector;
  readonly publisher: Publisher;
  readonly manual: ManualWeights;
  /** Others than those that ship, for experiments. */
  readonly parameters?: Parameters;
  /** A defect in a reconcile: the decision before it stays in force. */
  readonly onDefect: (error: unknown) => void;
}

/** Hears of every decision; `seconds` is what it took. */
export type DecisionListener = (decision: Decision, previous: Decision | undefined, seconds: number) => void;

export class ControlLoop {
  readonly publisher: Publisher;
  readonly manual: ManualWeights;
  readonly clock: Clock;
  /** Decisions made so far, the recent ones. */
  readonly history = new DecisionHistory();
  readonly #parts: LoopParts;
  readonly #estimates = createEstimates();
  readonly #memory = createDecisionMemory();
  readonly #listeners = new Set<DecisionListener>();
  #decision: Decision | undefined;
  #cancelNext: () => void = () => undefined;
  #nextAt = Infinity;
  #stopped = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.publisher = parts.publisher;
    this.manual = parts.manual;
    this.clock = parts.clock;
    parts.cluster.onChange(() => this.reconcileSoon());
  }

  /** The decision in force; undefined until the loop was started. */
  get decision(): Decision | undefined {
    return this.#decision;
  }

  get topology(): Topology {
    return this.#parts.cluster.read();
  }

  start(): void {
    this.#reconcile();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelNext();
  }

  /** Something changed that should not wait for the next tick. */
  reconcileSoon(): void {
    this.#schedule(COALESCE_MS);
  }

  onDecision(listener: DecisionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes an agent's report; the fields of proxies' counters that fell are in the value. */
  accept(report: AgentReport): Result<readonly string[]> {
    const nodes = new Set(this.topology.nodes.map(({ name }) => name));
    const accepted = this.#parts.collector.accept(report, nodes, this.clock.now());
    if (!accepted.ok) return accepted;
    for (const window of accepted.value.windows) observe(this.#estimates, window);
    return { ok: true, value: accepted.value.fallen };
  }

  /** When the node's agent was last heard, ms of the loop's clock. */
  heardAt(node: string): number | undefined {
    return this.#parts.collector.heardAt(node);
  }

  proxies(): readonly ProxyStatus[] {
    return this.#parts.collector.proxies();
  }

  #schedule(ms: number): void {
    const at = this.clock.now() + ms;
    if (this.#stopped || at >= this.#nextAt) return;
    this.#cancelNext();
    this.#nextAt = at;
    this.#cancelNext = this.clock.after(ms, () => this.#reconcile());
  }

  #reconcile(): void {
    this.#nextAt = Infinity;
    const now = this.clock.now();
    try {
      const { topology } = this;
      const known = snapshot(this.#estimates, topology, now);
      const { parameters = DEFAULT_PARAMETERS } = this.#parts;
      const policy = { parameters, manual: this.manual.list(now) };
      const previous = this.#decision;
      const decision = decide(known, policy, previous, now, this.#memory);
      this.#decision = decision;
      this.history.add(decision);
      this.publisher.publish(decision, topology, now);
      const seconds = (this.clock.now() - now) / 1000;
      for (const listener of this.#listeners) listener(decision, previous, seconds);
    } catch (error) {
      this.#parts.onDefect(error);
    }
    this.#schedule(this.#parts.tickMs);
  }
}
