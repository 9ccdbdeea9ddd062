#!/usr/bin/env node
/** The `ballast` command. Each subcommand is one file of this folder. */
import { Command } from 'commander';
import { BallastError, describeFailure } from '../contract/errors.ts';
import { explainCommand } from './explain.ts';
import { renderCommand } from './render.ts';

const program = new Command('ballast')
  .description('Balances the replicas of services in a mesh by the CPU they have left.')
  .showHelpAfterError('Run with --help for the arguments and their defaults.')
  .addCommand(explainCommand())
  .addCommand(renderCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BallastError)) throw error;
  console.error(describeFailure(error));
  process.exitCode = 1;
}
