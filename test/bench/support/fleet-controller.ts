/** The controller's loop and API within this process, on a fleet of any size that reports once a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '../../../central-controller/api/server.ts';
import { Collector } from '../../../central-controller/collect/collector.ts';
import { ControlLoop } from '../../../central-controller/loop.ts';
import { alone } from '../../../central-controller/model/leadership.ts';
import type { NodeWindow, ServedWindow } from '../../../central-controller/model/windows.ts';
import { ManualWeights } from '../../../central-controller/overrides/manual-weights.ts';
import { Publisher } from '../../../central-controller/publish/publisher.ts';
import type { NodeReport, ServedRow } from '../../../contract/node-report.ts';
import { type TickFleet, SwingingLoad } from '../tick/load.ts';

const EVERY_MS = 1000;

export interface FleetController extends AsyncDisposable {
  /** `http://host:port` */
  readonly origin: string;
}

/** Counters of a node's agent since it started. */
class NodeAgent {
  readonly #node: string;
  #sequence = 0;
  #busySeconds = 0;
  readonly #cpuSeconds = new Map<string, number>();
  readonly #served = new Map<string, { requests: number; seconds: number; buckets: number[] }>();

  constructor(node: string) {
    this.#node = node;
  }

  report({ at, cores, busySeconds, replicas }: NodeWindow, served: readonly ServedWindow[]): NodeReport {
    this.#busySeconds += busySeconds;
    const pods = replicas.map(({ uid, cpuSeconds }): [string, number, number, null, null, null] => {
      const sum = (this.#cpuSeconds.get(uid) ?? 0) + cpuSeconds;
      this.#cpuSeconds.set(uid, sum);
      return [uid, sum, 0, null, null, null];
    });
    return {
      node: this.#node,
      instance: `agent-${this.#node}`,
      sequence: this.#sequence++,
      monotonicMs: at,
      ...(this.#sequence === 1 && { full: true }),
      cpu: [cores, this.#busySeconds, 0],
      pods,
      served: served.map((window) => this.#row(window)),
      held: 1,
      used: 1,
    };
  }

  #row({ namespace, replica, at, requests, inFlight, inFlightSeconds, latencyBuckets }: ServedWindow): ServedRow {
    const sum = this.#served.get(replica) ?? { requests: 0, seconds: 0, buckets: latencyBuckets.map(() => 0) };
    this.#served.set(replica, sum);
    sum.requests += requests;
    sum.seconds += inFlightSeconds;
    sum.buckets = sum.buckets.map((count, bucket) => count + (latencyBuckets[bucket] ?? 0));
    return [`${namespace}/${replica}`, at, sum.requests, 0, inFlight, sum.seconds, 0, sum.buckets];
  }
}

/** Listens on a free port of 127.0.0.1 until it is disposed of. */
export async function startFleetController(fleet: TickFleet): Promise<FleetController> {
  await using stack = new AsyncDisposableStack();
  const load = new SwingingLoad(fleet);
  const startedAt = Date.now() - performance.now();
  const now = (): number => Math.round(startedAt + performance.now());
  const loop = new ControlLoop({
    clock: {
      now,
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    untilNextTick: () => EVERY_MS,
    cluster: {
      read: () => load.topology,
      policies: () => [],
      onChange: () => undefined,
      close: () => Promise.resolve(),
    },
    collector: new Collector(),
    publisher: new Publisher(now()),
    manual: new ManualWeights(),
    leadership: alone('this one'),
    onDefect(error) {
      throw error;
    },
  });
  const app = await createServer(loop);
  stack.defer(() => app.close());
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  loop.start();
  stack.defer(() => loop.stop());
  const agents = load.topology.nodes.map(({ name }) => new NodeAgent(name));
  const report = (): void => {
    const at = now();
    for (const [node, agent] of agents.entries()) {
      const served = load.servedWindows(node, at, EVERY_MS / 1000);
      const accepted = loop.accept(agent.report(load.nodeWindow(node, at, EVERY_MS / 1000), served));
      if (!accepted.ok) throw new Error(accepted.failure.message);
    }
    if (loop.state.decision !== undefined) load.follow(loop.state.decision);
  };
  report();
  await sleep(EVERY_MS);
  report();
  const reports = setInterval(report, EVERY_MS);
  stack.defer(() => clearInterval(reports));
  while (loop.state.decision === undefined) await sleep(50);
  const running = stack.move();
  return { origin, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}
