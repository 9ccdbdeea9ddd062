/** What the run needs of the world. */
import type { Outcome } from '../measure/tally.ts';
import type { PlannedRequest } from '../workload/requests.ts';

export interface Sender {
  /** Requests that can be under way at once. */
  readonly connections: number;
  /**
   * Sends now. `done` is called once, later, also after an abort.
   * @returns Aborts the request: closes its connection.
   */
  send(request: PlannedRequest, done: (outcome: Outcome) => void): () => void;
  close(): Promise<void>;
}

export interface Clock {
  /** Monotonic, ms, with a fraction. */
  now(): number;
  /** Wall clock, ms since 1970. */
  wallMs(): number;
  /** Calls `wake` at `atMs` of `now()` or a little later, unless cancelled by the function it returns. */
  wakeAt(atMs: number, wake: () => void): () => void;
}
