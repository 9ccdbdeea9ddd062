/** The commands that one test file is to run. */
import { accountOf, filled, type Stage } from './accounts.ts';
import { documentedCommands } from './documented-commands.ts';

export interface StagedCommand {
  /** Where it is first told, for messages. */
  readonly name: string;
  /** Its placeholders filled. */
  readonly text: string;
}

/** Each once, in the order of the pages. */
export function commandsOn(stage: Stage, placeholders: Readonly<Record<string, string>> = {}): StagedCommand[] {
  const staged = new Map<string, StagedCommand>();
  for (const command of documentedCommands()) {
    const account = accountOf(command);
    if (account?.kind !== 'run' || account.stage !== stage) continue;
    const text = filled(command.text, placeholders);
    if (!staged.has(text)) staged.set(text, { name: `${command.file}:${command.line}: ${command.text}`, text });
  }
  return [...staged.values()];
}
