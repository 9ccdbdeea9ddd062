import { Heap } from './heap.ts';
import type { Timeline } from './ports.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time as a queue of events. Time jumps from one event to the next. */
export class EventQueue implements Timeline {
  #now = 0;
  #asked = 0;
  readonly #events = new Heap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));

  get now(): number {
    return this.#now;
  }

  after(seconds: number, run: () => void): void {
    if (!(seconds >= 0)) throw new RangeError(`an event must lie ahead, not ${seconds} s from now`);
    this.#events.push({ at: this.#now + seconds, order: this.#asked++, run });
  }

  /** Runs all events before `end`, seconds of virtual time, and sets the clock to it. */
  runUntil(end: number): void {
    for (let next = this.#events.first; next !== undefined && next.at < end; next = this.#events.first) {
      this.#events.pop();
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
