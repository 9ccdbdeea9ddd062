/** What tests can have done in the virtual machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { agentCommands } from './agent.ts';
import { containerCommands } from './containers.ts';
import { groupCommands } from './groups.ts';
import { samplingCommands } from './sampling.ts';

const execute = promisify(execFile);

export const commands = {
  ...groupCommands,
  ...containerCommands,
  ...samplingCommands,
  ...agentCommands,

  /** What a program printed; an error carries what it said. */
  async run(command: string, ...args: string[]): Promise<string> {
    return (await execute(command, args)).stdout;
  },
};
