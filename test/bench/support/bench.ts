/** What every benchmark under `test/bench` exports as `bench`. */

/** A row of raw figures; a text says what the row is about. */
export type Round = Readonly<Record<string, number | string>>;

export interface BenchResult {
  /** Raw figures, one entry per repetition or condition. */
  readonly rounds: readonly Round[];
  /** The figures that matter, flat. */
  readonly summary: Readonly<Record<string, number>>;
}

export interface BenchContext {
  /** Says what is going on; shown on standard error. */
  readonly progress: (line: string) => void;
  /** Aborted on Ctrl-C: stop early and leave nothing behind. */
  readonly signal: AbortSignal;
}

export interface Bench {
  /** One line for `--help`. */
  readonly description: string;
  run(context: BenchContext): Promise<BenchResult>;
}
