/** `ballast demo` and `ballast bench`: they run programs of the checkout. Images do not contain these. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { BallastError } from '../../contract/errors.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/** Signals that are forwarded to the program. Ctrl-C is not: the terminal sends it to both processes. */
const FORWARDED_SIGNALS = ['SIGTERM', 'SIGHUP'] as const;

/** A program that a signal ended has the exit code 128 plus the signal's number, as in shells. */
const SIGNAL_EXIT_CODE = 128;

/**
 * Runs a module of the checkout in the foreground; resolves with its exit code.
 * @throws BallastError NO_CHECKOUT
 */
async function run(checkout: string, module: string, args: readonly string[]): Promise<number> {
  const path = join(checkout, module);
  if (!existsSync(path)) throw new BallastError('NO_CHECKOUT', `${module}: this installation does not contain it`);
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => undefined;
  for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
  process.on('SIGINT', ignore);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? SIGNAL_EXIT_CODE + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
    process.off('SIGINT', ignore);
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
      .argument('[arguments...]', 'arguments of that program; `--help` lists them')
      // The program reads all arguments, `--help` too.
      .helpOption(false)
      .allowUnknownOption()
      .addHelpText('after', `\n${about}\n\nThe exit code is that of the program: 0 after success, 1 after a failure.`)
      .action(async (args: readonly string[]) => {
        process.exitCode = await run(checkout, module, args);
      })
  );
}

/** @param checkout folder of the repository */
export function demoCommand(checkout = CHECKOUT): Command {
  return checkoutCommand(
    {
      name: 'demo',
      description: 'run an application on real Envoys on this machine, with Ballast and without',
      module: 'tools/local-mesh/main.ts',
      about: `Needs a checkout. Runs the same program as \`npm run demo\`.

Examples:
  ballast demo --keep
  ballast demo --rounds 3 --json`,
    },
    checkout,
  );
}

/** @param checkout folder of the repository */
export function benchCommand(checkout = CHECKOUT): Command {
  return checkoutCommand(
    {
      name: 'bench',
      description: 'measure a part of Ballast on this machine',
      module: 'test/bench/main.ts',
      about: `Needs a checkout. Runs the same program as \`npm run bench\`. Without arguments it lists the benchmarks.

Examples:
  ballast bench allocate
  ballast bench api --seconds 10 --json`,
    },
    checkout,
  );
}
