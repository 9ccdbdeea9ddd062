/** The `ballast` command with all its subcommands, and what they print after wrong arguments. */
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { benchCommand, demoCommand } from './checkout-programs.ts';
import { completionCommand } from './completion.ts';
import { doctorCommand } from './doctor/command.ts';
import { explainCommand } from './explain.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { renderCommand } from './render.ts';
import { simulateCommand } from './simulate.ts';
import { statusCommand } from './status.ts';
import { topCommand } from './top.ts';
import { verifyCommand } from './verify/command.ts';
import { weightsCommand } from './weights.ts';

export function createProgram(): Command {
  const program = new Command('ballast')
    .description('Balances the replicas of services in a mesh by the CPU they have left.')
    .version(packageJson.version)
    // Options after a subcommand belong to it, see `render`.
    .enablePositionalOptions()
    .addCommand(statusCommand())
    .addCommand(topCommand())
    .addCommand(explainCommand())
    .addCommand(weightsCommand())
    .addCommand(pauseCommand())
    .addCommand(resumeCommand())
    .addCommand(simulateCommand())
    .addCommand(renderCommand())
    .addCommand(demoCommand())
    .addCommand(benchCommand())
    .addCommand(doctorCommand())
    .addCommand(verifyCommand())
    .addCommand(completionCommand());
  forEach(program, (command) =>
    command.exitOverride().showHelpAfterError('Run with --help for the arguments and their defaults.'),
  );
  return program;
}

function forEach(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const subcommand of command.commands) forEach(subcommand, visit);
}
