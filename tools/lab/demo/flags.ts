/** Flags of the lab's comparisons. */
import { type Command, Option } from 'commander';
import { addComparisonFlags, type ComparisonFlags, wholeFrom } from '../../local-mesh/comparison-flags.ts';
import { NODES } from '../settings.ts';

export interface LabFlags extends ComparisonFlags {
  readonly seconds: number;
  readonly quietSeconds: number;
  /** Where the noisy pod runs. */
  readonly node: string;
  readonly write?: 'docs';
}

/** A change of the policies is all over the cluster by then, the neighbour runs, and queues are worked off. */
export const SETTLE_SECONDS = 8;

/** How busy the nodes are on average without the neighbour: with it, there still is room for every request. */
export const NODES_BUSY = 0.5;

export function addLabFlags(command: Command, defaults: Pick<LabFlags, 'quietRounds' | 'seconds' | 'out'>): Command {
  const least = SETTLE_SECONDS + 4;
  const workers = NODES.filter((node) => !node.isControlPlane).map(({ name }) => name);
  return addComparisonFlags(command, { ...defaults, busy: 'half' })
    .option('--seconds <n>', 'length of a phase with the neighbour', wholeFrom(least), defaults.seconds)
    .option('--quiet-seconds <n>', 'length of a phase without it', wholeFrom(least), 20)
    .addOption(new Option('--node <name>', 'where the neighbour, a noisy pod, runs').choices(workers).default('node-2'))
    .addOption(new Option('--write <what>', 'renew the page and the picture of the documentation').choices(['docs']));
}
