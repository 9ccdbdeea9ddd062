#!/usr/bin/env node
/** The lab's command: `npm run lab -- up`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command, Option } from 'commander';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { ISTIO, KUBERNETES } from '../../contract/releases.ts';
import { DEFAULT_PAIR } from '../install/versions.ts';
import { runSteps } from '../local-mesh/progress.ts';
import { kubectlEnvironment } from './control-plane/kubectl.ts';
import { demoCommand } from './demo/command.ts';
import { downLab } from './down.ts';
import { type LabWish, openLab } from './lab.ts';
import { matrixCommand } from './matrix/command.ts';
import { requireLabMachine } from './requirements.ts';
import { readStatus, statusTable } from './status.ts';
import { surveyCommand } from './survey/command.ts';
import { type Part, PARTS, upLab } from './up.ts';

interface Flags extends LabWish {
  readonly json?: true;
  readonly until: Part;
}

async function up({ json, ...options }: Flags): Promise<void> {
  const start = performance.now();
  const lab = await upLab(options, async (steps) => runSteps(steps, process.stderr.isTTY && !json));
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const { folder, ingress } = lab;
  if (json)
    console.log(
      JSON.stringify({
        seconds,
        ...lab.programs.pair,
        kubeconfig: folder.kubeconfig,
        ingress,
        logs: `${folder.path}/logs`,
      }),
    );
  else console.log(`Up after ${seconds} s. Go on with: npm run lab -- shell, npm run lab -- status`);
}

async function down(): Promise<void> {
  await requireLabMachine();
  const left = await downLab();
  if (left.length > 0) throw new BallastError('LAB_BUSY', `could not be removed: ${left.join(', ')}`);
  console.log('Down: nothing is left but its logs.');
}

async function status({ json }: Flags): Promise<void> {
  await requireLabMachine();
  const read = await readStatus(await openLab());
  console.log(json ? JSON.stringify(read, null, 2) : statusTable(read));
}

async function shell(command: readonly string[]): Promise<void> {
  await requireLabMachine();
  const { folder } = await openLab();
  const [program = process.env['SHELL'] ?? 'sh', ...args] = command;
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...kubectlEnvironment(folder.kubeconfig),
      PATH: `${folder.folder('bin')}:${process.env['PATH']}`,
    },
  });
  child.on('error', (error) => console.error(error.message));
  const [code] = (await once(child, 'close')) as [number | null];
  process.exitCode = code ?? 1;
}

function kubernetesOption(): Option {
  const about = `a minor version (default of a new lab: ${DEFAULT_PAIR.kubernetes})`;
  return new Option('--kubernetes <version>', about).choices(Object.keys(KUBERNETES));
}

function istioOption(): Option {
  const about = `a minor version, with its Envoy (default of a new lab: ${DEFAULT_PAIR.istio})`;
  return new Option('--istio <version>', about).choices(Object.keys(ISTIO));
}

const program = new Command('npm run lab --')
  .description(
    'A real Kubernetes cluster of small nodes on this machine, with Istio, Ballast and the hotel application.',
  )
  .addHelpText(
    'after',
    '\nNeeds Linux with cgroups of version 1, root and Go 1.26. The first `up` builds Kubernetes and Istio, which takes half an hour.',
  );
program
  .command('up')
  .description('bring it up; what is up already is brought up to date')
  .addOption(new Option('--until <part>', 'the last part to bring up').choices(PARTS).default('hotel'))
  .addOption(kubernetesOption())
  .addOption(istioOption())
  .option('--json', 'print where it is found, and how long it took, as one JSON object')
  .action(up);
program.command('down').description('take it down, whatever part of it is there').action(down);
program
  .command('status')
  .description('what its nodes do, and which pods are not ready')
  .option('--json', 'print one JSON object')
  .action(status);
program.addCommand(demoCommand());
program.addCommand(surveyCommand());
program.addCommand(matrixCommand());
program
  .command('shell')
  .description('a shell with kubectl for it, or one command in such a shell')
  .argument('[command...]', 'after `--`: a program with its arguments')
  .action(shell);

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof BallastError ? describeFailure(error) : error);
  process.exitCode = 1;
}
