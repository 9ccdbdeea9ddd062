/** `ballast demo` and `ballast bench`: programs of a checkout, which are run as they are; images do not hold them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { BallastError } from '../../contract/errors.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/** Sent on to the program; Ctrl-C is not, since a terminal tells both of it. */
const PASSED_ON = ['SIGTERM', 'SIGHUP'] as const;

/** Shells tell of an end by a signal so: 128 and its number. */
const SIGNALLED = 128;

/**
 * Runs a module of the checkout in the foreground; resolves with its exit code.
 * @throws BallastError NO_CHECKOUT
 */
async function run(checkout: string, module: string, args: readonly string[]): Promise<number> {
  const path = join(checkout, module);
  if (!existsSync(path)) throw new BallastError('NO_CHECKOUT', `${module}: is not part of this installation`);
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  const wait = (): void => undefined;
  for (const signal of PASSED_ON) process.on(signal, passOn);
  process.on('SIGINT', wait);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
    process.off('SIGINT', wait);
  }
}

interface CheckoutProgram {
  readonly name: string;
  readonly description: string;
  /** Entry module, relative to the checkout. */
  readonly module: string;
  readonly about: string;
}

function checkoutCommand({ name, description, module, about }: CheckoutProgram, checkout: string): Command {
  return (
    new Command(name)
      .description(description)
      .argument('[arguments...]', 'as that program takes them; `--help` lists them')
      // All of it is the program's to read, `--help` too.
      .helpOption(false)
      .allowUnknownOption()
      .addHelpText(
        'after',
        `\n${about}\n\nEnds with the exit code of that program: 0 when it is done, 1 when it failed.`,
      )
      .action(async (args: readonly string[]) => {
        process.exitCode = await run(checkout, module, args);
      })
  );
}

/** @param checkout folder that the repository was cloned to */
export function demoCommand(checkout = CHECKOUT): Command {
  return checkoutCommand(
    {
      name: 'demo',
      description: 'run an application on real Envoys on this machine, with Ballast and without',
      module: 'tools/local-mesh/main.ts',
      about: `In a checkout only: it is what \`npm run demo\` runs.

Examples:
  ballast demo --keep
  ballast demo --rounds 3 --json`,
    },
    checkout,
  );
}

/** @param checkout folder that the repository was cloned to */
export function benchCommand(checkout = CHECKOUT): Command {
  return checkoutCommand(
    {
      name: 'bench',
      description: 'measure a part of Ballast on this machine',
      module: 'test/bench/main.ts',
      about: `In a checkout only: it is what \`npm run bench\` runs. Without arguments it lists the benchmarks.

Examples:
  ballast bench allocate
  ballast bench api --seconds 10 --json`,
    },
    checkout,
  );
}
