/**
 * The control loop as spans: one trace per decision, from the first report that it uses until the proxies use its
 * weights.
 *
 *     control loop   the whole trace
 *       report       from an agent's report until the decision that uses it, one span per report
 *       decision     estimating, deciding, publishing
 *       assignment   if a version was published: until each node's proxies report that version or a newer one
 */
import { type Context, type HrTime, ROOT_CONTEXT, type Span, trace, type Tracer } from '@opentelemetry/api';
import { VALID_FOR_MS } from '../../contract/assignment.ts';
import type { Decision } from '../../contract/decision.ts';
import type { ControllerState, ReceivedReport } from '../state.ts';

/** Spans of reports per trace; further reports are only counted. */
const MAX_REPORTS = 32;

/** An assignment that proxies do not use yet. */
interface Underway {
  readonly version: number;
  readonly publishedAt: number;
  readonly whole: Span;
  readonly span: Span;
  /** Nodes whose proxies have not reported it. */
  readonly waiting: Set<string>;
}

export class LoopSpans {
  readonly #state: ControllerState;
  readonly #tracer: Tracer;
  /** Reports since the last decision. */
  #reports: { readonly node: string; readonly at: number }[] = [];
  #underway: Underway[] = [];
  #version: number;

  constructor(state: ControllerState, tracer: Tracer) {
    this.#state = state;
    this.#tracer = tracer;
    this.#version = state.published.version;
    state.onReport((report) => this.#take(report));
    state.onDecision((decision, _previous, seconds) => this.#decided(decision, decision.at + 1000 * seconds));
  }

  /** Ends all open spans. */
  close(): void {
    for (const each of this.#underway) this.#end(each, this.#state.clock.now());
    this.#underway = [];
  }

  #take({ node, used }: ReceivedReport): void {
    const at = this.#state.clock.now();
    this.#reports.push({ node, at });
    if (used === undefined) return;
    this.#underway = this.#underway.filter((each) => {
      if (used < each.version || !each.waiting.delete(node)) return true;
      each.span.addEvent('in use', { 'ballast.node': node }, hrTime(at));
      if (each.waiting.size > 0) return true;
      this.#end(each, at);
      return false;
    });
  }

  #decided(decision: Decision, endedAt: number): void {
    const reports = this.#reports;
    this.#reports = [];
    const startTime = hrTime(Math.min(decision.at, reports[0]?.at ?? decision.at));
    const attributes = { 'ballast.tick': decision.tick, 'ballast.reports': reports.length };
    const whole = this.#tracer.startSpan('control loop', { startTime, attributes }, ROOT_CONTEXT);
    const context = trace.setSpan(ROOT_CONTEXT, whole);
    if (whole.isRecording()) {
      for (const { node, at } of reports.slice(0, MAX_REPORTS)) {
        const span = { startTime: hrTime(at), attributes: { 'ballast.node': node } };
        this.#tracer.startSpan('report', span, context).end(hrTime(decision.at));
      }
      this.#addDecision(decision, endedAt, context);
    }
    this.#giveUp(endedAt);
    const { version } = this.#state.published;
    if (version === this.#version || !whole.isRecording()) whole.end(hrTime(endedAt));
    else this.#follow(version, endedAt, whole, context);
    this.#version = version;
  }

  #addDecision(decision: Decision, endedAt: number, context: Context): void {
    const { at, services, optimalityGap, changed } = decision;
    const attributes = {
      'ballast.services': services.length,
      'ballast.replicas': services.reduce((sum, { replicas }) => sum + replicas.length, 0),
      'ballast.optimality_gap': optimalityGap,
      // The name before 0.2; it goes with the next version.
      'ballast.certificate': optimalityGap,
      'ballast.weights_moved': changed,
    };
    this.#tracer.startSpan('decision', { startTime: hrTime(at), attributes }, context).end(hrTime(endedAt));
  }

  #follow(version: number, publishedAt: number, whole: Span, context: Context): void {
    const attributes = { 'ballast.version': version, 'ballast.agents': this.#state.published.connected.length };
    const span = this.#tracer.startSpan('assignment', { startTime: hrTime(publishedAt), attributes }, context);
    const waiting = new Set(this.#state.proxies().map(({ node }) => node));
    for (const node of this.#state.published.bystanders) waiting.delete(node);
    const each = { version, publishedAt, whole, span, waiting };
    if (waiting.size === 0) this.#end(each, publishedAt);
    else this.#underway.push(each);
  }

  /** Ends assignments that took too long. */
  #giveUp(now: number): void {
    this.#underway = this.#underway.filter((each) => {
      if (now - each.publishedAt < VALID_FOR_MS) return true;
      this.#end(each, now);
      return false;
    });
  }

  #end({ span, whole, waiting }: Underway, at: number): void {
    if (waiting.size > 0) span.setAttribute('ballast.nodes_waiting', [...waiting].slice(0, MAX_REPORTS));
    span.end(hrTime(at));
    whole.end(hrTime(at));
  }
}

/** A time of the controller's clock, ms since 1970, in OpenTelemetry's form. It reads small plain numbers as another unit. */
function hrTime(ms: number): HrTime {
  const nanoseconds = Math.round((ms % 1000) * 1e6);
  const carry = nanoseconds === 1e9 ? 1 : 0;
  return [Math.floor(ms / 1000) + carry, carry ? 0 : nanoseconds];
}
