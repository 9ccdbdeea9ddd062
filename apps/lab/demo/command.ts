/** `npm run lab -- demo`: Istio's default and Ballast in turn, on the lab's nodes, with and without a noisy pod. */
import { Command, Option } from 'commander';
import { Demo, type DemoResult } from '../../local-mesh/demo.ts';
import { positive, wholeFrom } from '../../local-mesh/options.ts';
import { doubtAbout } from '../../local-mesh/phases/machine-use.ts';
import { runSteps, type ShownStep } from '../../local-mesh/progress.ts';
import { summarise, verdict } from '../../local-mesh/report/summary.ts';
import { figuresTable } from '../../local-mesh/report/table.ts';
import { writeReport } from '../../local-mesh/report/write-report.ts';
import { findLab, type Lab } from '../lab.ts';
import { requireLabMachine } from '../requirements.ts';
import { NODES } from '../settings.ts';
import { upLab } from '../up.ts';
import { LabMesh } from './lab-mesh.ts';
import { writePage } from './page.ts';

interface DemoFlags {
  readonly rate?: number;
  readonly rounds: number;
  readonly quietRounds: number;
  readonly seconds: number;
  readonly quietSeconds: number;
  readonly node: string;
  readonly json: boolean;
  readonly out: string;
  readonly write?: 'docs';
}

/** How busy the nodes are on average without the neighbour: with it, there still is room for every request. */
const NODES_BUSY = 0.5;
/** A change of the policies is all over the cluster by then, the neighbour runs, and queues are worked off. */
const SETTLE_SECONDS = 8;

type Show = (steps: readonly ShownStep[]) => Promise<void>;

/** The lab with the application, which is brought up where it is not. */
async function bringLab(show: Show): Promise<Lab> {
  await requireLabMachine();
  const lab = await findLab();
  if (await lab.answers()) return lab;
  console.error('The lab is not up: bringing it up first. It stays up; npm run lab -- down takes it down.');
  return upLab({ until: 'hotel' }, show);
}

function report({ run, ...setting }: DemoResult, { json, out, write }: DemoFlags): void {
  const { phases, ...course } = run;
  const figures = { name: 'lab', ...setting, rounds: phases, ...course, summary: summarise(run) };
  const written = writeReport(out, 'lab', run, figures);
  const files = [written.picture, written.figures, ...(write === 'docs' ? writePage(run, figures) : [])];
  if (json) console.log(JSON.stringify(figures, null, 2));
  else console.log(`${figuresTable(run)}\n\n${verdict(run)}\n\nWritten: ${files.join(', ')}`);
  const doubt = doubtAbout(setting.machine);
  if (doubt !== undefined) console.error(doubt);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const show: Show = (steps) => runSteps(steps, process.stderr.isTTY && !flags.json);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error('interrupted'));
  const lab = await bringLab(show);
  const mesh = new LabMesh(lab, interrupted.signal);
  const demo = new Demo(mesh, {
    ...flags,
    phaseSeconds: flags.seconds,
    quietPhaseSeconds: flags.quietSeconds,
    settleSeconds: SETTLE_SECONDS,
    nodesBusy: NODES_BUSY,
    routing: 'Endpoint',
    neighbourOn: flags.node,
  });
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await show(demo.steps);
    report(demo.result, flags);
  } finally {
    await demo.stopLoad();
    for (const node of mesh.nodes) node.limit(true);
    await mesh.restore();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

export function demoCommand(): Command {
  const least = SETTLE_SECONDS + 4;
  return new Command('demo')
    .description(
      "Istio's default against Ballast on the lab's nodes, with a noisy pod on one of them: who won by how much",
    )
    .option('--rate <n>', 'requests per second (default: as many as keep the nodes half busy)', positive)
    .option('--rounds <n>', 'rounds with the noisy pod; each is a phase of Istio and one of Ballast', wholeFrom(1), 2)
    .option('--quiet-rounds <n>', 'rounds without it', wholeFrom(0), 2)
    .option('--seconds <n>', 'length of a phase with the noisy pod', wholeFrom(least), 30)
    .option('--quiet-seconds <n>', 'length of a phase without it', wholeFrom(least), 20)
    .addOption(
      new Option('--node <name>', 'where the noisy pod runs')
        .choices(NODES.filter((node) => !node.isControlPlane).map(({ name }) => name))
        .default('node-2'),
    )
    .option('--json', 'print one JSON object with all rounds and a summary', false)
    .option('--out <directory>', 'where picture and figures are written', 'results/lab')
    .addOption(new Option('--write <what>', 'renew the page and the picture of the documentation').choices(['docs']))
    .action(runDemo);
}
