/** The command line of the demo. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Routing } from '../../central-controller/contract/assignment.ts';

export interface DemoOptions {
  /** Requests per second; chosen by calibration when not given. */
  readonly rate?: number;
  readonly rounds: number;
  readonly quietRounds: number;
  readonly phaseSeconds: number;
  readonly quietPhaseSeconds: number;
  readonly routing: Routing;
  readonly pinned: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  readonly out: string;
}

/** Begin of each phase that is not measured, seconds. */
export const SETTLE_SECONDS = 4;

/** How busy the nodes are on average without a neighbour. */
export const NODES_BUSY = 0.6;

export function positive(text: string): number {
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

/** Reads the command line; prints help or what is wrong and ends the process where that is called for. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const least = SETTLE_SECONDS + 1;
  return new Command('npm run demo --')
    .description(
      'Runs a hotel booking application on real Envoy sidecars on this machine, with and without Ballast, with and ' +
        'without a noisy neighbour on one of its nodes, and says who won by how much.',
    )
    .option('--rate <n>', 'requests per second (default: as many as keep the nodes a good half busy)', positive)
    .option('--rounds <n>', 'rounds with the neighbour; each is a phase of Istio and one of Ballast', wholeFrom(1), 2)
    .option('--quiet-rounds <n>', 'rounds without the neighbour', wholeFrom(0), 2)
    .option('--phase-seconds <n>', 'length of a phase with the neighbour', wholeFrom(least), 20)
    .option('--quiet-phase-seconds <n>', 'length of a phase without it', wholeFrom(least), 14)
    .addOption(
      new Option('--routing <how>', 'how a chosen replica is reached')
        .choices(['Endpoint', 'Subset'])
        .default('Endpoint'),
    )
    .option('--pinned', 'make nodes of pinned cores, as on a machine without writable cgroups', false)
    .option('--json', 'print one JSON object with all rounds and a summary', false)
    .option('--keep', 'go on until Ctrl-C when the phases are over, to watch the page', false)
    .option('--out <directory>', 'where picture and figures are written', 'results')
    .parse(argv)
    .opts<DemoOptions>();
}
