/** Makes docs/reference/cli.md from the commands. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../../../central-controller/cli/exit-codes.ts';

const INTRODUCTION = `\`npm run ballast -- <command>\` runs a command in a clone. After \`npm link\` or \`npm install --global .\`, with Node.js 24
on the path, \`ballast <command>\` and \`kubectl ballast <command>\` do the same.

Commands reach the controller at the address of \`--controller\`. Without it they try port 15070 of this machine, the port
of \`kubectl port-forward\`, and then the local mesh of \`ballast demo\`. With \`--kubeconfig\` or \`--context\` they use the
API server of a cluster. This needs the permission for \`services/proxy\` in \`ballast-system\` and, where NetworkPolicies
are enforced, one that lets the API server reach the controller. Without these, use \`kubectl port-forward\`.

With \`--json\` a command prints one JSON object. Errors go to standard error. The output has no colours if it is not a
terminal or if \`NO_COLOR\` is set.`;

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The text that commander prints after the help. */
function textAfter(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => void parts.push(text) }).outputHelp();
  return parts.join('').slice(command.helpInformation().length).trim();
}

/** One section for a command and for each of its subcommands. */
export function sectionsOf(command: Command, path: string): string[] {
  const help = command.createHelp();
  const described = help
    .visibleArguments(command)
    .map((each) => [`\`<${each.name()}>\``, help.argumentDescription(each)]);
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => [`\`${option.flags}\``, help.optionDescription(option)]);
  const after = textAfter(command);
  const subcommands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  return [
    `## ${path}`,
    `${command.description().replace(/\.$/, '')}.`,
    `\`\`\`\n${path} ${command.usage()}\n\`\`\``,
    ...(described.length > 0 ? [table(['argument', ''], described)] : []),
    ...(options.length > 0 ? [table(['option', ''], options)] : []),
    ...(after === '' ? [] : [`\`\`\`\n${after}\n\`\`\``]),
    ...subcommands.flatMap((each) => sectionsOf(each, `${path} ${each.name()}`)),
  ];
}

export function cliPage(program: Command): string {
  const parts = program
    .createHelp()
    .visibleCommands(program)
    .filter((part) => part.name() !== 'help');
  const rows = parts.map((part) => {
    const path = `ballast ${part.name()}`;
    return [`[\`${path}\`](#${path.replaceAll(' ', '-')})`, part.description()];
  });
  return [
    '<!-- Made from the commands of central-controller/cli. -->',
    '# The `ballast` command',
    INTRODUCTION,
    table(['command', ''], rows),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]),
    ),
    ...parts.flatMap((part) => sectionsOf(part, `ballast ${part.name()}`)),
  ].join('\n\n');
}
