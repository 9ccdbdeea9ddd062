/**
 * The control loop: one level-triggered reconcile from everything that is known to everything that is published.
 * Events only ask for it sooner; it never depends on having seen them all.
 */
import type { KnownPolicy } from './model/known-policy.ts';
import type { Cluster, Topology } from './model/topology.ts';
import type { Collector, Ejection, ProxyStatus } from './collect/collector.ts';
import type { Decision } from '../contract/decision.ts';
import type { AgentReport } from '../contract/report.ts';
import type { Failure } from '../contract/errors.ts';
import { failure, type Result } from '../contract/result.ts';
import type { Change, Simulation } from '../contract/simulation.ts';
import { DecisionHistory } from './history/decision-history.ts';
import { createDecisionMemory, decide } from './decide/decide.ts';
import { type DecisionPolicy, DEFAULT_PARAMETERS, type Parameters } from './decide/policy.ts';
import { simulate } from './decide/simulate.ts';
import { createEstimates, observe, snapshot } from './estimate/estimator.ts';
import type { Snapshot } from './model/snapshot.ts';
import { TimeSeriesHistory } from './history/time-series-history.ts';
import { memoizeLast } from './model/memoize-last.ts';
import { alone, type Leadership } from './model/leadership.ts';
import type { ManualWeights } from './overrides/manual-weights.ts';
import { Pauses } from './overrides/pauses.ts';
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
  /** Time from `now` to the next decision, ms, unless an event asks for one sooner. */
  readonly untilNextTick: (now: number) => number;
  readonly cluster: Cluster;
  readonly collector: Collector;
  readonly publisher: Publisher;
  readonly manual: ManualWeights;
  /** Others than those that ship, for experiments. */
  readonly parameters?: Parameters;
  /** Which of several controllers decides; absent: there are no others. */
  readonly leadership?: Leadership;
  /** A defect in a reconcile: the decision before it stays in force. */
  readonly onDefect: (error: unknown) => void;
}

/** Hears of every decision; `seconds` is what it took. */
export type DecisionListener = (decision: Decision, previous: Decision | undefined, seconds: number) => void;

/** Hears of every report that was taken in. */
export type ReportListener = (report: AgentReport) => void;

export class ControlLoop {
  readonly publisher: Publisher;
  readonly manual: ManualWeights;
  readonly pauses = new Pauses();
  readonly clock: Clock;
  /** Decisions made so far, the recent ones. */
  readonly history = new DecisionHistory();
  /** What they rested on and came to, as figures over time. */
  readonly figures = new TimeSeriesHistory();
  readonly #parts: LoopParts;
  readonly leadership: Leadership;
  /** Names: each report asks for them. */
  readonly #nodesOf = memoizeLast(({ nodes }: Topology) => new Set(nodes.map(({ name }) => name)));
  #estimates = createEstimates();
  #memory = createDecisionMemory();
  readonly #listeners = new Set<DecisionListener>();
  readonly #reportListeners = new Set<ReportListener>();
  #decision: Decision | undefined;
  /** What the decision in force was made on. */
  #known: Snapshot | undefined;
  #cancelNext: () => void = () => undefined;
  #nextAt = Infinity;
  #leads = false;
  #stopped = true;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.publisher = parts.publisher;
    this.manual = parts.manual;
    this.clock = parts.clock;
    this.leadership = parts.leadership ?? alone('controller');
    parts.cluster.onChange(() => this.reconcileSoon());
    this.leadership.onChange(() => this.#followLeadership());
  }

  /** The decision in force; undefined until the loop was started, and while another controller leads. */
  get decision(): Decision | undefined {
    return this.#decision;
  }

  /** It decides, or would if no other controller led. */
  get isStarted(): boolean {
    return !this.#stopped;
  }

  /** Does it decide, at this moment? Else reports and weights are another controller's business. */
  get isLeading(): boolean {
    return this.#leads && this.leadership.isLeading;
  }

  get topology(): Topology {
    return this.#parts.cluster.read();
  }

  get policies(): readonly KnownPolicy[] {
    return this.#parts.cluster.policies();
  }

  /** Decides from now on, whenever this controller leads. */
  start(): void {
    this.#stopped = false;
    this.#followLeadership();
  }

  /** Decides no more. */
  stop(): void {
    this.#stopped = true;
    this.#followLeadership();
  }

  /** Something changed that should not wait for the next tick. */
  reconcileSoon(): void {
    this.#schedule(COALESCE_MS);
  }

  onDecision(listener: DecisionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onReport(listener: ReportListener): () => void {
    this.#reportListeners.add(listener);
    return () => this.#reportListeners.delete(listener);
  }

  /** For whoever asks for what only the controller that leads can do. */
  notLeading(): Failure {
    const { identity, leader } = this.leadership;
    const other = leader === undefined || leader === identity ? 'nobody does yet' : `${leader} does`;
    return { code: 'NOT_LEADER', message: `controller: ${identity} does not lead, ${other}` };
  }

  /** Takes an agent's report; the fields of proxies' counters that fell are in the value. */
  accept(report: AgentReport): Result<readonly string[]> {
    if (!this.isLeading) return { ok: false, failure: this.notLeading() };
    const accepted = this.#parts.collector.accept(report, this.#nodesOf(this.topology), this.clock.now());
    if (!accepted.ok) return accepted;
    for (const window of accepted.value.windows) {
      observe(this.#estimates, window);
      if (window.kind === 'served') this.figures.observe(window);
    }
    for (const listener of this.#reportListeners) listener(report);
    return { ok: true, value: accepted.value.fallen };
  }

  /** What would be decided if things were otherwise, from what is known now. */
  simulate(changes: readonly Change[]): Result<Simulation> {
    if (!this.#decision || !this.#known) return failure('NOT_READY', 'decision: none was made yet');
    return simulate(this.#known, this.#policy(this.#known.at), changes, this.#decision.tick);
  }

  /** When the node's agent was last heard, ms of the loop's clock. */
  heardAt(node: string): number | undefined {
    return this.#parts.collector.heardAt(node);
  }

  proxies(): readonly ProxyStatus[] {
    return this.#parts.collector.proxies();
  }

  /** Replicas that proxies leave out just now. */
  ejections(): readonly Ejection[] {
    return this.#parts.collector.ejections();
  }

  /** Whoever begins to lead knows nothing yet: what it learnt when it last led may be long past. */
  #followLeadership(): void {
    const { identity, leader = identity } = this.leadership;
    if (leader !== identity) {
      // The one that leads now knows nothing of these: they must not come back with the lead.
      this.pauses.clear();
      this.manual.clear();
    }
    const leads = !this.#stopped && this.leadership.isLeading;
    if (leads === this.#leads) return;
    this.#leads = leads;
    if (leads) {
      this.#estimates = createEstimates();
      this.#memory = createDecisionMemory();
      this.#parts.collector.clear();
      this.publisher.begin(this.clock.now());
      this.#reconcile();
    } else {
      this.#cancelNext();
      this.#nextAt = Infinity;
      this.#decision = undefined;
      this.publisher.close();
    }
  }

  #policy(now: number): DecisionPolicy {
    const { parameters = DEFAULT_PARAMETERS } = this.#parts;
    return { parameters, manual: this.manual.list(now), pauses: this.pauses.list(now) };
  }

  #schedule(ms: number): void {
    const at = this.clock.now() + ms;
    if (!this.#leads || at >= this.#nextAt) return;
    this.#cancelNext();
    this.#nextAt = at;
    this.#cancelNext = this.clock.after(ms, () => this.#reconcile());
  }

  #reconcile(): void {
    this.#nextAt = Infinity;
    // The time may have run out while this process was held up.
    this.#followLeadership();
    if (!this.#leads) return;
    const now = this.clock.now();
    try {
      const { topology } = this;
      const known = snapshot(this.#estimates, topology, now);
      const policy = this.#policy(now);
      const previous = this.#decision;
      const decided = decide(known, policy, previous, now, this.#memory);
      // Decisions of before another controller led may still be asked for: no two have the same number.
      const decision = { ...decided, tick: this.history.nextTick };
      this.#decision = decision;
      this.#known = known;
      this.history.add(decision);
      this.figures.add(decision);
      this.publisher.publish(decision, topology, now);
      const seconds = (this.clock.now() - now) / 1000;
      for (const listener of this.#listeners) listener(decision, previous, seconds);
    } catch (error) {
      this.#parts.onDefect(error);
    }
    this.#schedule(this.#parts.untilNextTick(this.clock.now()));
  }
}
