/** The command line of the demo. */
import { Command, Option } from 'commander';
import type { Routing } from '../../contract/assignment.ts';
import { APPLICATION_NAMES } from './applications/applications.ts';
import { addComparisonFlags, type ComparisonFlags, wholeFrom } from './comparison-flags.ts';

export interface DemoOptions extends ComparisonFlags {
  /** Name of the application. */
  readonly app: string;
  readonly phaseSeconds: number;
  readonly quietPhaseSeconds: number;
  readonly routing: Routing;
  readonly pinned: boolean;
  readonly keep: boolean;
}

/** Time at the start of each phase that is not measured, seconds. */
export const SETTLE_SECONDS = 4;

/** Mean utilisation of the nodes without a neighbour. */
export const NODES_BUSY = 0.6;

/** Reads the command line. For `--help` and invalid flags it prints and ends the process. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const least = SETTLE_SECONDS + 1;
  const command = new Command('npm run demo --').description(
    'Runs an application on real Envoy sidecars on this machine, with and without Ballast, with and without a noisy ' +
      'neighbour on one of its nodes, and says who won by how much.',
  );
  return addComparisonFlags(command, { busy: 'a good half', quietRounds: 2, out: 'results' })
    .addOption(new Option('--app <name>', 'application to run').choices(APPLICATION_NAMES).default('hotel-reservation'))
    .option('--phase-seconds <n>', 'length of a phase with the neighbour', wholeFrom(least), 20)
    .option('--quiet-phase-seconds <n>', 'length of a phase without it', wholeFrom(least), 14)
    .addOption(
      new Option('--routing <how>', 'how a chosen replica is reached')
        .choices(['Endpoint', 'Subset'])
        .default('Endpoint'),
    )
    .option('--pinned', 'make nodes of pinned cores, as on a machine without writable cgroups', false)
    .option('--keep', 'go on until Ctrl-C when the phases are over, to watch the page', false)
    .parse(argv)
    .opts<DemoOptions>();
}
