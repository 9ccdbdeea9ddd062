/** What every benchmark under `test/bench` exports as `bench`. */
import { BallastError } from '../../../contract/errors.ts';

/** A row of raw figures. Texts name what the row is about. */
export type Round = Readonly<Record<string, number | string>>;

export interface BenchResult {
  /** Raw figures, one entry per repetition or condition. */
  readonly rounds: readonly Round[];
  /** The figures that matter, flat. */
  readonly summary: Readonly<Record<string, number>>;
}

/** A command-line option of one benchmark. */
export interface BenchOption {
  /** With its value's placeholder, such as `--seeds <count>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string;
}

export interface BenchContext {
  /** Values of the benchmark's own options by name, as typed or by default. */
  readonly options: Readonly<Record<string, string>>;
  /** Reports progress on standard error. */
  readonly progress: (line: string) => void;
  /** Aborted on Ctrl-C: stop early and leave nothing behind. */
  readonly signal: AbortSignal;
}

export interface Bench {
  /** One line for `--help`. */
  readonly description: string;
  readonly options?: readonly BenchOption[];
  run(context: BenchContext): Promise<BenchResult>;
}

/** The value of an option that takes a whole number from 1 on. */
export function wholeNumber(flag: string, typed: string | undefined, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(typed);
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new BallastError('INVALID_FLAG', `${flag} must be a whole number from 1 to ${max}, not '${typed}'`);
}
