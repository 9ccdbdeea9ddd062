/** Flags of every comparison of balancers, on the local mesh or on a cluster. */
import { type Command, InvalidArgumentError } from 'commander';

export interface ComparisonFlags {
  /** Requests per second; calibration chooses the rate if there is none. */
  readonly rate?: number;
  readonly rounds: number;
  readonly quietRounds: number;
  readonly json: boolean;
  readonly out: string;
}

export interface ComparisonDefaults {
  /** In words: how busy the calibrated rate keeps the nodes. */
  readonly busy: string;
  readonly quietRounds: number;
  readonly out: string;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError('Must be a number above 0.');
  return value;
}

export function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= 3600) return value;
    throw new InvalidArgumentError(`Must be a whole number from ${least} to 3600.`);
  };
}

export function addComparisonFlags(command: Command, { busy, quietRounds, out }: ComparisonDefaults): Command {
  return command
    .option('--rate <n>', `requests per second (default: as many as keep the nodes ${busy} busy)`, positive)
    .option('--rounds <n>', 'rounds with the neighbour; each is a phase of Istio and one of Ballast', wholeFrom(1), 2)
    .option('--quiet-rounds <n>', 'rounds without the neighbour', wholeFrom(0), quietRounds)
    .option('--json', 'print one JSON object with all rounds and a summary', false)
    .option('--out <directory>', 'where picture and figures are written', out);
}
