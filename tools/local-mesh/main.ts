#!/usr/bin/env node
/** The demo's command: `npm run demo`. */
import closeWithGrace from 'close-with-grace';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { applicationNamed } from './applications/applications.ts';
import { Demo, type DemoResult } from './demo.ts';
import { freeNetwork } from './mesh/free-network.ts';
import { LocalMesh } from './mesh/mesh.ts';
import { demoSettings } from './mesh/settings.ts';
import { NODES_BUSY, parseOptions, SETTLE_SECONDS } from './options.ts';
import { doubtAbout } from './phases/machine-use.ts';
import { runSteps } from './progress.ts';
import { summarise, verdict } from './report/summary.ts';
import { metricsTable } from './report/table.ts';
import { writeReport } from './report/write-report.ts';

const options = parseOptions(process.argv);
const application = applicationNamed(options.app);
const mesh = new LocalMesh(demoSettings(application, options.routing, await freeNetwork(), options.pinned));
const demo = new Demo(mesh, { ...options, application, settleSeconds: SETTLE_SECONDS, nodesBusy: NODES_BUSY });

async function endMesh(keepFiles: boolean): Promise<void> {
  const left = await mesh.stop(keepFiles);
  if (left.length > 0) console.error(`Could not be removed: ${left.join(', ')}`);
}

function report({ run, ...setting }: DemoResult): void {
  const { phases, ...course } = run;
  const figures = {
    name: 'demo',
    application: application.name,
    ...setting,
    rounds: phases,
    ...course,
    summary: summarise(run),
  };
  const written = writeReport(options.out, 'demo', run, figures);
  if (options.json) console.log(JSON.stringify(figures, null, 2));
  else
    console.log(`${metricsTable(run)}\n\n${verdict(run)}\n\nPicture: ${written.picture}\nFigures: ${written.figures}`);
  const doubt = doubtAbout(setting.machine);
  if (doubt !== undefined) console.error(doubt);
}

const closing = closeWithGrace({ delay: 15_000, logger: false }, async () => endMesh(false));
let failed = false;
try {
  await runSteps(demo.steps, process.stderr.isTTY && !options.json);
  report(demo.result);
  if (options.keep) {
    await demo.goOn();
    console.error(`Ballast balances; watch it at ${mesh.controller.href} and end it with Ctrl-C.`);
    await new Promise(() => {});
  }
} catch (error) {
  failed = true;
  process.exitCode = 1;
  if (error instanceof BallastError) console.error(describeFailure(error));
  else console.error(error);
  console.error(`Logs of this run: ${mesh.directory}`);
} finally {
  closing.uninstall();
  await demo.stopLoad();
  await endMesh(failed);
}
