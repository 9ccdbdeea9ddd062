import type { ServicePlan, Workload } from '../workloads/workload.ts';
import { CpuNode } from './cpu-node.ts';
import type { Answer, Fleet, NodeCounters, NodeShape, Random, ReplicaReport, ServiceShape, Timeline } from './ports.ts';
import { exponential, randomStream } from './random.ts';
import { Replica, type Request } from './replica.ts';

/** Of the network, each way, seconds. */
export const NETWORK_SECONDS = 0.000_25;
/** When a caller gives up a request, seconds. The replica learns of it and drops the work. */
export const TIMEOUT_SECONDS = 5;

class SimulatedService {
  readonly plan: ServicePlan;
  readonly replicas: readonly Replica[];
  /** Requests sent to each replica that have not reached it. */
  readonly onTheWay: number[];

  constructor(timeline: Timeline, nodes: readonly CpuNode[], plan: ServicePlan) {
    this.plan = plan;
    this.onTheWay = plan.replicas.map(() => 0);
    this.replicas = plan.replicas.map((replica) => new Replica(timeline, at(nodes, replica.node), replica));
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no number ${index} among ${items.length}`);
  return item;
}

/** The nodes, replicas and antagonists of a workload in virtual time. */
export class SimulatedFleet implements Fleet {
  readonly timeline: Timeline;
  readonly services: readonly ServiceShape[];
  readonly #seed: number;
  readonly #nodes: readonly CpuNode[];
  readonly #services: readonly SimulatedService[];

  constructor(timeline: Timeline, workload: Workload, seed: number) {
    this.timeline = timeline;
    this.#seed = seed;
    this.#nodes = workload.nodes.map((node) => new CpuNode(timeline, node.cores));
    this.#services = workload.services.map((plan) => new SimulatedService(timeline, this.#nodes, plan));
    this.services = workload.services.map(({ name, callers, replicas }) => ({ name, callers, replicas }));
    workload.antagonists?.forEach((antagonist, index) => {
      const random = this.random(`antagonist ${index}`);
      const node = at(this.#nodes, antagonist.node);
      const group = node.addGroup(antagonist.weight, { used: () => {}, granted: () => {} });
      const jump = (): void => {
        node.demand(group, at(antagonist.levels, Math.floor(random() * antagonist.levels.length)));
        timeline.after(exponential(antagonist.holdSeconds).draw(random), jump);
      };
      jump();
    });
    const { resize } = workload;
    if (resize !== undefined) {
      timeline.after(resize.atSeconds, () => at(this.#nodes, resize.node).resize(resize.cores));
    }
  }

  /** Current sizes: a node that lost cores shows it. */
  get nodes(): readonly NodeShape[] {
    return this.#nodes;
  }

  random(purpose: string): Random {
    return randomStream(this.#seed, purpose);
  }

  replica(service: number, replica: number): Replica {
    return at(at(this.#services, service).replicas, replica);
  }

  counters(node: number): NodeCounters {
    return {
      busySeconds: at(this.#nodes, node).busySeconds(),
      replicaSeconds: (service, replica) => this.replica(service, replica).usedSeconds,
    };
  }

  /** Sends a request; `answered` runs once, with the answer or with the timeout. */
  send(service: number, replica: number, request: Request, answered: (answer: Answer) => void): void {
    const { onTheWay } = at(this.#services, service);
    const target = this.replica(service, replica);
    const sentAt = this.timeline.now;
    let isAnswered = false;
    let giveUp: (() => void) | undefined;
    onTheWay[replica] = (onTheWay[replica] ?? 0) + 1;

    this.timeline.after(NETWORK_SECONDS, () => {
      onTheWay[replica] = (onTheWay[replica] ?? 0) - 1;
      giveUp = target.take(request, (failed, report) => {
        this.timeline.after(NETWORK_SECONDS, () => {
          if (isAnswered) return;
          isAnswered = true;
          answered({ latency: this.timeline.now - sentAt, failed, report });
        });
      });
    });
    this.timeline.after(TIMEOUT_SECONDS, () => {
      if (isAnswered) return;
      isAnswered = true;
      answered({ latency: TIMEOUT_SECONDS, failed: true });
      this.timeline.after(NETWORK_SECONDS, () => giveUp?.());
    });
  }

  probe(service: number, replica: number, answered: (report: ReplicaReport) => void): void {
    const target = this.replica(service, replica);
    this.timeline.after(NETWORK_SECONDS, () => {
      const report = target.report();
      this.timeline.after(NETWORK_SECONDS, () => answered(report));
    });
  }

  expectedLatency(service: number, replica: number): number {
    const { plan, onTheWay } = at(this.#services, service);
    const target = this.replica(service, replica);
    const failureShare = target.plan.failureShare ?? 0;
    const answered = 2 * NETWORK_SECONDS + target.wouldTake(plan.work.mean, onTheWay[replica] ?? 0);
    return (1 - failureShare) * answered + failureShare * TIMEOUT_SECONDS;
  }
}
