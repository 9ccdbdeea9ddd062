/** The controller in virtual time: the real loop, with messages to and from agents that take their time. */
import { Collector } from '../../../../central-controller/collect/collector.ts';
import type { AssignmentUpdate } from '../../../../contract/assignment.ts';
import type { AgentReport } from '../../../../contract/report.ts';
import { DEFAULT_PARAMETERS, type Parameters } from '../../../../central-controller/decide/settings.ts';
import { ControlLoop } from '../../../../central-controller/loop.ts';
import type { Clock } from '../../../../central-controller/model/clock.ts';
import { alone } from '../../../../central-controller/model/leadership.ts';
import { ManualWeights } from '../../../../central-controller/overrides/manual-weights.ts';
import { Publisher } from '../../../../central-controller/publish/publisher.ts';
import type { Fleet, Timeline } from '../fleet/ports.ts';
import type { SimulatedAgent } from './agent.ts';
import { EPOCH_MS, HOP_SECONDS } from './clock.ts';
import { topologyOf } from './names.ts';

const TICK_MS = 250;
/** The replicas are old when a run begins. */
const KNOWN_FOR_MS = 3_600_000;

function virtualClock(timeline: Timeline): Clock {
  return {
    now: () => EPOCH_MS + timeline.now * 1000,
    after(ms, run) {
      let cancelled = false;
      timeline.after(ms / 1000, () => {
        if (!cancelled) run();
      });
      return () => {
        cancelled = true;
      };
    },
  };
}

export class SimulatedController {
  readonly loop: ControlLoop;
  readonly #timeline: Timeline;
  /** All agents get the same line, so it is parsed once. */
  #parsed: { readonly line: string; readonly update: AssignmentUpdate } | undefined;

  constructor(fleet: Fleet, parameters: Partial<Parameters>) {
    this.#timeline = fleet.timeline;
    const clock = virtualClock(fleet.timeline);
    const topology = topologyOf(fleet, clock.now() - KNOWN_FOR_MS);
    this.loop = new ControlLoop({
      clock,
      untilNextTick: () => TICK_MS,
      cluster: { read: () => topology, policies: () => [], onChange: () => undefined, close: async () => undefined },
      collector: new Collector(),
      publisher: new Publisher(clock.now()),
      manual: new ManualWeights(),
      leadership: alone('controller'),
      parameters: { ...DEFAULT_PARAMETERS, ...parameters },
      onDefect: (error) => {
        throw error;
      },
    });
  }

  /** A report is on its way. */
  send(report: AgentReport): void {
    this.#timeline.after(HOP_SECONDS, () => {
      const accepted = this.loop.acceptOld(report);
      if (!accepted.ok) throw new Error(`the controller refuses a report: ${accepted.failure.message}`);
    });
  }

  /** The agent follows the assignments from now on. */
  connect(agent: SimulatedAgent): void {
    const write = (line: string): boolean => {
      const update = this.#parse(line);
      this.#timeline.after(HOP_SECONDS, () => agent.update(update));
      return true;
    };
    this.loop.publisher.subscribe({ node: agent.node, write, close: () => undefined }, this.loop.state.clock.now());
  }

  #parse(line: string): AssignmentUpdate {
    if (this.#parsed?.line !== line) this.#parsed = { line, update: JSON.parse(line) as AssignmentUpdate };
    return this.#parsed.update;
  }
}
