import type { CpuGroup, CpuNode } from './cpu-node.ts';
import { Heap } from './heap.ts';
import type { Timeline } from './ports.ts';

/** A piece of work on a processor. */
export interface Task {
  /** The attained service, seconds, at which it is done. */
  readonly doneAt: number;
  readonly done: () => void;
  isCancelled: boolean;
}

/**
 * Tasks that share a group's processor time equally, each on at most one core (egalitarian processor sharing). All
 * attain service at the same rate, so the next to finish is the first by attained service.
 */
export class SharedProcessor {
  readonly group: CpuGroup;
  readonly #timeline: Timeline;
  readonly #limit: number;
  readonly #speed: number;
  readonly #tasks = new Heap<Task>((a, b) => a.doneAt < b.doneAt);
  #running = 0;
  #attained = 0;
  #plans = 0;

  /** @param options `speed`: work done per CPU-second; 1/16 is a processor that is 16 times slower */
  constructor(timeline: Timeline, node: CpuNode, options: { weight: number; limit?: number; speed?: number }) {
    this.#timeline = timeline;
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#speed = options.speed ?? 1;
    this.group = node.addGroup(options.weight, {
      used: (coreSeconds) => {
        if (this.#running > 0) this.#attained += coreSeconds / this.#running;
      },
      granted: () => this.#plan(),
    });
  }

  /** @param work seconds on a core of speed 1 */
  start(work: number, done: () => void): Task {
    this.group.settle();
    if (this.#running === 0) {
      this.#attained = 0;
      this.#tasks.clear();
    }
    const task = { doneAt: this.#attained + work / this.#speed, done, isCancelled: false };
    this.#tasks.push(task);
    this.#resize(this.#running + 1);
    return task;
  }

  /** Removes a task that is not done. */
  cancel(task: Task): void {
    this.group.settle();
    task.isCancelled = true;
    this.#resize(this.#running - 1);
  }

  /** Seconds that `work` would take if `tasks` tasks ran from now on. */
  wouldTake(work: number, tasks: number): number {
    const cores = this.group.node.wouldGrant(this.group, Math.min(tasks, this.#limit));
    return (work * tasks) / (this.#speed * cores);
  }

  #resize(running: number): void {
    const plans = this.#plans;
    this.#running = running;
    this.group.node.demand(this.group, Math.min(running, this.#limit));
    if (plans === this.#plans) this.#plan();
  }

  /** Schedules the next completion, and cancels the one scheduled before. */
  #plan(): void {
    const plan = ++this.#plans;
    while (this.#tasks.first?.isCancelled === true) this.#tasks.pop();
    const next = this.#tasks.first;
    if (next === undefined || this.group.cores <= 0) return;
    const seconds = (Math.max(0, next.doneAt - this.#attained) * this.#running) / this.group.cores;
    this.#timeline.after(seconds, () => {
      if (plan === this.#plans) this.#finish(next);
    });
  }

  #finish(task: Task): void {
    this.group.settle();
    this.#tasks.pop();
    this.#resize(this.#running - 1);
    task.done();
  }
}
