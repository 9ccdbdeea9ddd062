/** Compares Istio's default with Ballast under the load of one application of the lab. */
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
  /** Node of the noisy pod. */
  readonly node: string;
  readonly write?: 'docs';
}

/**
 * Time for a change of the policies to reach the whole cluster, for the neighbour to start, and for queues to drain.
 */
const SETTLE_SECONDS = 8;

/** Mean utilisation of the nodes without the neighbour. It leaves room for every request when the neighbour runs. */
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

/** The running lab. If there is none, this starts one, up to the part `until`. */
export async function bringLab(until: Part, show: Show): Promise<Lab> {
  await requireLabMachine();
  const lab = await findLab();
  if (await lab.answers()) return lab;
  console.error('The lab is not up: bringing it up first. It stays up; npm run lab -- down takes it down.');
  return upLab({ until }, show);
}

/** Aborted on SIGINT and SIGTERM. The caller then has to end the process. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return interrupted.signal;
}

/**
 * Runs the comparison on an application that is up. At the end Ballast balances, without a neighbour, and nodes are
 * limited.
 */
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
