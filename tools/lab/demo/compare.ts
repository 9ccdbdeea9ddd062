/** Istio's default and Ballast in turn under the load of one application of the lab. */
import { Demo, type DemoResult } from '../../local-mesh/demo.ts';
import type { ShownStep } from '../../local-mesh/progress.ts';
import type { LabApplication } from '../applications/application.ts';
import { type Lab, findLab } from '../lab.ts';
import { requireLabMachine } from '../requirements.ts';
import { type Part, upLab } from '../up.ts';
import { LabMesh } from './lab-mesh.ts';
import { type Command, Option } from 'commander';
import { type ComparisonFlags, addComparisonFlags, wholeFrom } from '../../local-mesh/comparison-flags.ts';
import { NODES } from '../settings.ts';

export interface LabFlags extends ComparisonFlags {
  readonly seconds: number;
  readonly quietSeconds: number;
  /** Where the noisy pod runs. */
  readonly node: string;
  readonly write?: 'docs';
}

/** A change of the policies is all over the cluster by then, the neighbour runs, and queues are worked off. */
const SETTLE_SECONDS = 8;

/** How busy the nodes are on average without the neighbour: with it, there still is room for every request. */
const NODES_BUSY = 0.5;

export function addLabFlags(command: Command, defaults: Pick<LabFlags, 'quietRounds' | 'seconds' | 'out'>): Command {
  const least = SETTLE_SECONDS + 4;
  const workers = NODES.filter((node) => !node.isControlPlane).map(({ name }) => name);
  return addComparisonFlags(command, { ...defaults, busy: 'half' })
    .option('--seconds <n>', 'length of a phase with the neighbour', wholeFrom(least), defaults.seconds)
    .option('--quiet-seconds <n>', 'length of a phase without it', wholeFrom(least), 20)
    .addOption(new Option('--node <name>', 'where the neighbour, a noisy pod, runs').choices(workers).default('node-2'))
    .addOption(new Option('--write <what>', 'renew the page and the picture of the documentation').choices(['docs']));
}

export type Show = (steps: readonly ShownStep[]) => Promise<void>;

/** The lab as it is; where it is down it is brought up, as far as `until`. */
export async function bringLab(until: Part, show: Show): Promise<Lab> {
  await requireLabMachine();
  const lab = await findLab();
  if (await lab.answers()) return lab;
  console.error('The lab is not up: bringing it up first. It stays up; npm run lab -- down takes it down.');
  return upLab({ until }, show);
}

/** Aborted when the user wants this process to end, which then is the caller's to bring about. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return interrupted.signal;
}

/** The application is to be up. Afterwards Ballast balances, there is no neighbour, and the nodes have their sizes. */
export async function compare(
  lab: Lab,
  application: LabApplication,
  flags: LabFlags,
  { show, signal }: { readonly show: Show; readonly signal: AbortSignal },
): Promise<DemoResult> {
  const mesh = new LabMesh(lab, application, signal);
  const demo = new Demo(mesh, {
    ...flags,
    application: application.application,
    phaseSeconds: flags.seconds,
    quietPhaseSeconds: flags.quietSeconds,
    settleSeconds: SETTLE_SECONDS,
    nodesBusy: NODES_BUSY,
    routing: 'Endpoint',
    neighbourOn: flags.node,
  });
  try {
    await show(demo.steps);
    return demo.result;
  } finally {
    await demo.stopLoad();
    for (const node of mesh.nodes) node.limit(true);
    await mesh.restore();
  }
}
