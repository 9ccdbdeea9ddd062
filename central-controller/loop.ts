/**
 * The control loop. Each tick turns all that is known into a decision and publishes it. The loop is level-triggered:
 * an event only makes the next tick come sooner, and a lost event costs one interval.
 */
import type { Result } from '../contract/result.ts';
import type { NodeReport } from '../contract/node-report.ts';
import type { AgentReport } from '../contract/report.ts';
import type { Accepted } from './collect/node-counters.ts';
import { createDecisionMemory, decide } from './decide/decide.ts';
import { createEstimates } from './estimate/estimates.ts';
import { observe, servicesWithoutProxies } from './estimate/estimator.ts';
import { snapshot } from './estimate/take-snapshot.ts';
import { memoizeLast } from './model/memoize-last.ts';
import type { Topology } from './model/topology.ts';
import type { ManualWeights } from './overrides/manual-weights.ts';
import type { Pauses } from './overrides/pauses.ts';
import type { Publisher } from './publish/publisher.ts';
import { type ControllerState, LoopState, type ReceivedReport, type StateParts } from './state.ts';

/** Events within this time share one tick. */
const COALESCE_MS = 20;

/** A proxy reports within this time after its replica starts, and after a change of leader, ms. */
const PROXY_STARTS_MS = 15_000;

/** How often the loop looks for replicas without a proxy. */
const DETAIL_MS = 2_000;

export interface LoopParts extends StateParts {
  /** Time from `now` to the next tick, ms, unless an event asks for one sooner. */
  readonly untilNextTick: (now: number) => number;
  /** Gets what a tick throws. The previous decision stays in force. */
  readonly onDefect: (error: unknown) => void;
}

export class ControlLoop {
  readonly #parts: LoopParts;
  readonly #state: LoopState;
  /** Every report asks for the nodes' names. */
  readonly #nodesOf = memoizeLast(({ nodes }: Topology) => new Set(nodes.map(({ name }) => name)));
  #estimates = createEstimates();
  #memory = createDecisionMemory();
  #cancelNext: () => void = () => undefined;
  #nextAt = Infinity;
  #leadsSince = -Infinity;
  /** Services of which agents report each called replica instead of a sum. */
  #reportedInDetail: ReadonlySet<string> = new Set();
  #checkedProxiesAt = -Infinity;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#state = new LoopState(parts);
    parts.cluster.onChange(() => this.reconcileSoon());
    parts.leadership.onChange(() => this.#followLeadership());
  }

  get state(): ControllerState {
    return this.#state;
  }

  get publisher(): Publisher {
    return this.#parts.publisher;
  }

  get manual(): ManualWeights {
    return this.#parts.manual;
  }

  get pauses(): Pauses {
    return this.#state.pauses;
  }

  /** Decides from now on, whenever this controller leads. */
  start(): void {
    this.#state.isStarted = true;
    this.#followLeadership();
  }

  stop(): void {
    this.#state.isStarted = false;
    this.#followLeadership();
  }

  /** Something changed that should not wait for the next tick. */
  reconcileSoon(): void {
    this.#schedule(COALESCE_MS);
  }

  /** Takes an agent's report. The value names the counters that fell. */
  accept(report: NodeReport): Result<readonly string[]> {
    const { node, used } = report;
    return this.#observe({ node, used }, (nodes, now) => this.#parts.collector.accept(report, nodes, now));
  }

  /** Likewise for a report of an agent of the version before. */
  acceptOld(report: AgentReport): Result<readonly string[]> {
    const { node, proxies } = report;
    const used = proxies.length > 0 ? Math.min(...proxies.map(({ tableVersion }) => tableVersion)) : undefined;
    return this.#observe({ node, used }, (nodes, now) => this.#parts.collector.acceptOld(report, nodes, now));
  }

  #observe(
    report: ReceivedReport,
    accept: (nodes: ReadonlySet<string>, now: number) => Result<Accepted>,
  ): Result<readonly string[]> {
    const state = this.#state;
    if (!state.isLeading) return { ok: false, failure: state.notLeading() };
    const accepted = accept(this.#nodesOf(state.topology), state.clock.now());
    if (!accepted.ok) return accepted;
    for (const window of accepted.value.windows) {
      observe(this.#estimates, window);
      if (window.kind === 'served') state.timeSeries.observe(window);
    }
    state.sendReport(report);
    return { ok: true, value: accepted.value.fallen };
  }

  #followLeadership(): void {
    const state = this.#state;
    const { identity, leader = identity } = state.leadership;
    if (leader !== identity) {
      // The leader does not know these overrides. They must not return when this controller leads again.
      state.pauses.clear();
      state.manual.clear();
    }
    const leads = state.isStarted && state.leadership.isLeading;
    if (leads === state.leads) return;
    state.leads = leads;
    if (leads) this.#takeLead();
    else this.#giveUpLead();
  }

  /** A new leader starts without estimates: those of its last lead may be old. */
  #takeLead(): void {
    this.#estimates = createEstimates();
    this.#memory = createDecisionMemory();
    this.#parts.collector.clear();
    this.#leadsSince = this.#state.clock.now();
    this.#reportedInDetail = new Set();
    this.publisher.begin(this.#leadsSince);
    this.#reconcile();
  }

  #giveUpLead(): void {
    this.#cancelNext();
    this.#nextAt = Infinity;
    this.#state.decision = undefined;
    this.publisher.close();
  }

  #schedule(ms: number): void {
    const { clock, leads } = this.#state;
    const at = clock.now() + ms;
    if (!leads || at >= this.#nextAt) return;
    this.#cancelNext();
    this.#nextAt = at;
    this.#cancelNext = clock.after(ms, () => this.#reconcile());
  }

  #reconcile(): void {
    const state = this.#state;
    this.#nextAt = Infinity;
    // The lease may have expired while this process was suspended.
    this.#followLeadership();
    if (!state.leads) return;
    try {
      this.#decide();
    } catch (error) {
      this.#parts.onDefect(error);
    }
    this.#schedule(this.#parts.untilNextTick(state.clock.now()));
  }

  #decide(): void {
    const state = this.#state;
    const { clock, topology, decision: previous } = state;
    const now = clock.now();
    const known = snapshot(this.#estimates, topology, now);
    const decided = decide(known, state.settings(now), previous, now, this.#memory);
    // Ticks go on from the last lead, whose decisions can still be read.
    const decision = { ...decided, tick: state.history.nextTick };
    state.decide(decision, known);
    this.#findServicesWithoutProxies(topology, now);
    this.publisher.publish(decision, topology, now, this.#reportedInDetail);
    state.sendDecision(previous, (clock.now() - now) / 1000);
  }

  #findServicesWithoutProxies(topology: Topology, now: number): void {
    if (now - this.#leadsSince < PROXY_STARTS_MS || now - this.#checkedProxiesAt < DETAIL_MS) return;
    this.#checkedProxiesAt = now;
    this.#reportedInDetail = servicesWithoutProxies(this.#estimates, topology, now - PROXY_STARTS_MS, now);
  }
}
