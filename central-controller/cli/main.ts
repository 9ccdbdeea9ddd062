#!/usr/bin/env node
/** The `ballast` command. Installed as `kubectl-ballast` it is `kubectl ballast`, too. */
import { CommanderError } from 'commander';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { cleanText } from './terminal-text.ts';

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the error already. It also throws after `--help`, with code 0.
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.done.code : EXIT_CODES.usage.code;
  } else if (error instanceof BallastError) {
    console.error(cleanText(describeFailure(error)));
    process.exitCode = exitCodeOf(error.code);
  } else throw error;
}
