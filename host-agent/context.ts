/** What all parts of the agent share. */
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import type { AgentOptions } from './options.ts';
import type { HeldAssignments } from './uplink/held-assignments.ts';

export interface AgentContext {
  readonly options: AgentOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly held: HeldAssignments;
  /** Monotonic clock, ms. */
  readonly now: () => number;
}
