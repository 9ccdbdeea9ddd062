/** What is remembered of a node: its last few seconds, window by window. */

export interface NodeMemory {
  /** Oldest first; the last few seconds. */
  readonly samples: NodeSample[];
  /** When the newest window ended, ms. */
  at: number;
}

export interface NodeSample {
  readonly seconds: number;
  readonly cores: number;
  readonly busyCores: number;
  readonly backgroundCores: number;
  readonly stealCores: number;
}
