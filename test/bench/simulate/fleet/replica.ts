import type { CpuNode } from './cpu-node.ts';
import type { ReplicaReport, ReplicaShape, ReplicaSide, Timeline } from './ports.ts';
import { SharedProcessor } from './processor-sharing.ts';
import { LatencyMeter, RateMeter } from './replica-meter.ts';

/** A replica and its faults, which policies do not see. */
export interface ReplicaPlan extends ReplicaShape {
  /** Work done per CPU-second; 1 unless told. */
  readonly speed?: number;
  /** Time that each request first waits for something other than CPU, seconds. */
  readonly waitSeconds?: number;
  /** Share of the requests that it answers with an error at once. */
  readonly failureShare?: number;
}

/** The work of a request. It is drawn when the request is sent, so that it is the same under every policy. */
export interface Request {
  readonly id: number;
  /** Seconds on a core of speed 1. */
  readonly work: number;
  /** Uniform in [0, 1): fails at replicas whose share of failures is above. */
  readonly luck: number;
}

/** Fraction of its work that a request costs when it fails at once. */
const WORK_UNTIL_FAILURE = 0.05;

/** One replica: takes requests, works on them by processor sharing, and reports of itself. */
export class Replica {
  readonly plan: ReplicaPlan;
  /** The sidecar's part of the policy, if it has one. */
  side: ReplicaSide | undefined;
  readonly #timeline: Timeline;
  readonly #processor: SharedProcessor;
  readonly #rates = new RateMeter();
  readonly #latencies = new LatencyMeter();
  #requestsInFlight = 0;

  constructor(timeline: Timeline, node: CpuNode, plan: ReplicaPlan) {
    this.#timeline = timeline;
    this.plan = plan;
    this.#processor = new SharedProcessor(timeline, node, {
      weight: plan.allocationCores,
      ...(plan.limitCores === undefined ? {} : { limit: plan.limitCores }),
      speed: plan.speed ?? 1,
    });
    this.#sample();
  }

  get usedSeconds(): number {
    return this.#processor.group.usedSeconds;
  }

  get requestsInFlight(): number {
    return this.#requestsInFlight;
  }

  /**
   * Takes a request; `answered` runs when its response leaves. Returns a function that cancels the request, which does
   * nothing once it is answered.
   */
  take(request: Request, answered: (failed: boolean, report: ReplicaReport) => void): () => void {
    const arrivedAt = this.#timeline.now;
    const met = this.#requestsInFlight++;
    this.side?.arrived(request.id);
    const fails = request.luck < (this.plan.failureShare ?? 0);
    let isOver = false;

    const leave = (failed: boolean): void => {
      isOver = true;
      this.#requestsInFlight--;
      this.#rates.count(failed);
      this.side?.leaving(request.id, failed);
    };
    const finish = (): void => {
      leave(fails);
      this.#latencies.record(this.#timeline.now, met, this.#timeline.now - arrivedAt);
      answered(fails, this.report());
    };

    let stopWork: (() => void) | undefined;
    const start = (): void => {
      if (isOver) return;
      const task = this.#processor.start(fails ? request.work * WORK_UNTIL_FAILURE : request.work, finish);
      stopWork = () => this.#processor.cancel(task);
    };
    const wait = fails ? 0 : (this.plan.waitSeconds ?? 0);
    if (wait > 0) this.#timeline.after(wait, start);
    else start();

    return () => {
      if (isOver) return;
      stopWork?.();
      leave(true);
    };
  }

  report(): ReplicaReport {
    const { now } = this.#timeline;
    const rates = this.#rates.rates(now, this.usedSeconds);
    return {
      requestsInFlight: this.#requestsInFlight,
      utilisation: rates.cores / this.plan.allocationCores,
      requestsPerSecond: rates.answers,
      errorsPerSecond: rates.failures,
      latency: this.#latencies.estimate(now, this.#requestsInFlight),
    };
  }

  /** Seconds that a request with `work` would take here if `others` more came with it and nothing changed after. */
  wouldTake(work: number, others: number): number {
    const tasks = this.#requestsInFlight + others + 1;
    return (this.plan.waitSeconds ?? 0) + this.#processor.wouldTake(work, tasks);
  }

  #sample(): void {
    this.#rates.sample(this.#timeline.now, this.usedSeconds);
    this.#timeline.after(RateMeter.sampleSeconds, () => this.#sample());
  }
}
