import type { Answer, Balancer, Fleet, Policy, ReplicaReport } from '../fleet/ports.ts';
import { randomStream } from '../fleet/random.ts';
import { EventQueue } from '../fleet/timeline.ts';

export const quiet: ReplicaReport = {
  requestsInFlight: 0,
  utilisation: 0.5,
  requestsPerSecond: 10,
  errorsPerSecond: 0,
  latency: 0.1,
};

/** A fleet of one service whose replicas report what a test sets. */
export class FakeFleet implements Fleet {
  readonly timeline = new EventQueue();
  readonly nodes = [];
  readonly services;
  readonly reports: ReplicaReport[];
  expected: number[] = [];
  /** Replicas probed, in order. */
  readonly probed: number[] = [];

  constructor(reports: readonly ReplicaReport[], callers = 1) {
    this.reports = [...reports];
    const replicas = reports.map(() => ({ node: 0, allocationCores: 1 }));
    this.services = [{ name: 'search', callers, replicas }];
  }

  random(purpose: string): () => number {
    return randomStream(1, purpose);
  }

  counters(): never {
    throw new Error('no policy of these reads counters');
  }

  probe(_service: number, replica: number, answered: (report: ReplicaReport) => void): void {
    this.probed.push(replica);
    this.timeline.after(0.001, () => answered(this.reports[replica] ?? quiet));
  }

  expectedLatency(_service: number, replica: number): number {
    return this.expected[replica] ?? 0;
  }
}

/** The balancer of one caller; these policies start at once. */
export function callerOf(policy: Policy, fleet: Fleet, caller = 0): Balancer {
  const running = policy.start(fleet);
  if (running instanceof Promise) throw new TypeError(`${policy.name} does not start at once`);
  return running.balancer(0, caller);
}

export function answer(latency: number, report?: ReplicaReport): Answer {
  return { latency, failed: report === undefined, ...(report && { report }) };
}

/** How often each replica is picked when every request is answered before the next. */
export function picks(
  balancer: Balancer,
  requests: number,
  replicas: number,
  answers: (replica: number) => Answer,
): number[] {
  const counts = Array.from({ length: replicas }, () => 0);
  for (let request = 0; request < requests; request++) {
    const replica = balancer.pick(request);
    counts[replica] = (counts[replica] ?? 0) + 1;
    balancer.answered(request, replica, answers(replica));
  }
  return counts;
}
