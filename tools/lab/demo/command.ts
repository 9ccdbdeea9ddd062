/** `npm run lab -- demo`: compares Istio's default with Ballast on the lab's nodes, with and without a noisy pod. */
import { Command } from 'commander';
import { hotelReservation as hotel } from '../../local-mesh/applications/applications.ts';
import type { DemoResult } from '../../local-mesh/demo.ts';
import { doubtAbout } from '../../local-mesh/phases/machine-use.ts';
import { runSteps } from '../../local-mesh/progress.ts';
import { summarise, verdict } from '../../local-mesh/report/summary.ts';
import { metricsTable } from '../../local-mesh/report/table.ts';
import { writeReport } from '../../local-mesh/report/write-report.ts';
import { LabApplication } from '../applications/application.ts';
import { INGRESS_ADDRESS } from '../settings.ts';
import { type LabFlags, type Show, addLabFlags, bringLab, compare, interruption } from './compare.ts';
import { writePage } from './page.ts';

function report({ run, ...setting }: DemoResult, { json, out, write }: LabFlags): void {
  const { phases, ...course } = run;
  const figures = { name: 'lab', ...setting, rounds: phases, ...course, summary: summarise(run) };
  const written = writeReport(out, 'lab', run, figures);
  const files = [written.picture, written.figures, ...(write === 'docs' ? writePage(run, figures) : [])];
  if (json) console.log(JSON.stringify(figures, null, 2));
  else console.log(`${metricsTable(run)}\n\n${verdict(run)}\n\nWritten: ${files.join(', ')}`);
  const doubt = doubtAbout(setting.machine);
  if (doubt !== undefined) console.error(doubt);
}

async function runDemo(flags: LabFlags): Promise<void> {
  const show: Show = (steps) => runSteps(steps, process.stderr.isTTY && !flags.json);
  const lab = await bringLab('hotel', show);
  const application = new LabApplication(lab.kubectl, hotel, INGRESS_ADDRESS);
  report(await compare(lab, application, flags, { show, signal: interruption() }), flags);
}

export function demoCommand(): Command {
  const command = new Command('demo').description(
    "Istio's default against Ballast on the lab's nodes, with a noisy pod on one of them: who won by how much",
  );
  return addLabFlags(command, { quietRounds: 2, seconds: 30, out: 'results/lab' }).action(runDemo);
}
