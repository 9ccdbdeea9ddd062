/** What the controller knows and has decided. The loop writes it; API, metrics, tracing and findings read it. */
import type { Decision } from '../contract/decision.ts';
import type { Failure } from '../contract/errors.ts';
import type { NodeInventory } from '../contract/node-inventory.ts';
import { failure, type Result } from '../contract/result.ts';
import type { Simulation, SimulatedChange } from '../contract/simulation.ts';
import type { Collector } from './collect/collector.ts';
import { type DecisionSettings, DEFAULT_PARAMETERS, type Parameters } from './decide/settings.ts';
import { simulate } from './decide/simulate.ts';
import { DecisionHistory } from './history/decision-history.ts';
import { TimeSeriesHistory } from './history/time-series-history.ts';
import type { Clock } from './model/clock.ts';
import type { Leadership } from './model/leadership.ts';
import type { Snapshot } from './model/snapshot.ts';
import type { Cluster, KnownPolicy, Topology } from './model/topology.ts';
import type { ManualWeights } from './overrides/manual-weights.ts';
import { Pauses } from './overrides/pauses.ts';
import type { Publisher } from './publish/publisher.ts';

/** Gets every decision; `seconds` is the time that it took. */
export type DecisionListener = (decision: Decision, previous: Decision | undefined, seconds: number) => void;

/** What readers see of a report that was accepted. */
export interface ReceivedReport {
  readonly node: string;
  /** Version that the node's proxies use; undefined: the report names none. */
  readonly used: number | undefined;
}

/** Gets every report that was accepted. */
export type ReportListener = (report: ReceivedReport) => void;

export interface ControllerState {
  readonly clock: Pick<Clock, 'now'>;
  readonly leadership: Leadership;
  /** The loop runs: it decides whenever this controller leads. */
  readonly isStarted: boolean;
  /** This controller decides at this moment. Otherwise reports and weights belong to another one. */
  readonly isLeading: boolean;
  readonly topology: Topology;
  readonly policies: readonly KnownPolicy[];
  /** The decision in force; undefined before the first one, and while another controller leads. */
  readonly decision: Decision | undefined;
  /** Recent decisions. */
  readonly history: Pick<DecisionHistory, 'decisions' | 'at'>;
  readonly timeSeries: Omit<TimeSeriesHistory, 'add' | 'observe'>;
  readonly published: Pick<Publisher, 'version' | 'history' | 'connected' | 'bystanders'>;
  readonly manual: Pick<ManualWeights, 'list'>;
  readonly pauses: Pick<Pauses, 'list'>;
  readonly proxies: Collector['proxies'];
  readonly ejections: Collector['ejections'];
  /** When the node's agent last reported, ms of `clock`. */
  readonly lastSeen: Collector['lastSeen'];
  readonly inventory: Collector['inventory'];
  /** The failure for a request that only the leader can answer. */
  notLeading(): Failure;
  /** What the decision would be after these changes, from what is known now. */
  simulate(changes: readonly SimulatedChange[]): Result<Simulation>;
  /** Returns the function that ends it. */
  onDecision(listener: DecisionListener): () => void;
  /** Returns the function that ends it. */
  onReport(listener: ReportListener): () => void;
}

export interface StateParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly collector: Collector;
  readonly publisher: Publisher;
  readonly manual: ManualWeights;
  readonly leadership: Leadership;
  /** Absent: the defaults. Experiments set others. */
  readonly parameters?: Parameters | undefined;
}

/** The loop's own view of the state: what it may also write. */
export class LoopState implements ControllerState {
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly published: Publisher;
  readonly manual: ManualWeights;
  readonly pauses = new Pauses();
  readonly history = new DecisionHistory();
  readonly timeSeries = new TimeSeriesHistory();
  isStarted = false;
  /** This controller has taken up the lead. */
  leads = false;
  decision: Decision | undefined;
  readonly #parts: StateParts;
  readonly #decisionListeners = new Set<DecisionListener>();
  readonly #reportListeners = new Set<ReportListener>();
  /** What the decision in force rests on. */
  #snapshot: Snapshot | undefined;

  constructor(parts: StateParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.leadership = parts.leadership;
    this.published = parts.publisher;
    this.manual = parts.manual;
  }

  get isLeading(): boolean {
    return this.leads && this.leadership.isLeading;
  }

  get topology(): Topology {
    return this.#parts.cluster.read();
  }

  get policies(): readonly KnownPolicy[] {
    return this.#parts.cluster.policies();
  }

  proxies() {
    return this.#parts.collector.proxies();
  }

  ejections() {
    return this.#parts.collector.ejections();
  }

  inventory(node: string): NodeInventory | undefined {
    return this.#parts.collector.inventory(node);
  }

  lastSeen(node: string): number | undefined {
    return this.#parts.collector.lastSeen(node);
  }

  notLeading(): Failure {
    const { identity, leader } = this.leadership;
    const other = leader === undefined || leader === identity ? 'nobody does yet' : `${leader} does`;
    return { code: 'NOT_LEADER', message: `controller: ${identity} does not lead, ${other}` };
  }

  /** What a decision at `now` follows besides the facts. */
  settings(now: number): DecisionSettings {
    const { parameters = DEFAULT_PARAMETERS } = this.#parts;
    return { parameters, manual: this.manual.list(now), pauses: this.pauses.list(now) };
  }

  simulate(changes: readonly SimulatedChange[]): Result<Simulation> {
    if (!this.decision || !this.#snapshot) return failure('NOT_READY', 'decision: none was made yet');
    return simulate(this.#snapshot, this.settings(this.#snapshot.at), changes, this.decision.tick);
  }

  /** Puts a decision in force. */
  decide(decision: Decision, snapshot: Snapshot): void {
    this.decision = decision;
    this.#snapshot = snapshot;
    this.history.add(decision);
    this.timeSeries.add(decision);
  }

  onDecision(listener: DecisionListener): () => void {
    this.#decisionListeners.add(listener);
    return () => this.#decisionListeners.delete(listener);
  }

  onReport(listener: ReportListener): () => void {
    this.#reportListeners.add(listener);
    return () => this.#reportListeners.delete(listener);
  }

  sendDecision(previous: Decision | undefined, seconds: number): void {
    const { decision } = this;
    if (decision) for (const listener of this.#decisionListeners) listener(decision, previous, seconds);
  }

  sendReport(report: ReceivedReport): void {
    for (const listener of this.#reportListeners) listener(report);
  }
}
