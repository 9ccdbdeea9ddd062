/** docs/reference/cli.md, made from the commands themselves. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../../../central-controller/cli/exit-codes.ts';

const INTRODUCTION = `\`npm run ballast -- <command>\` in a clone; \`ballast <command>\` after \`npm link\` or \`npm install --global .\` with
Node.js 24 on the path, which brings \`kubectl-ballast\` too, so that \`kubectl ballast <command>\` is the same.

Commands that ask the controller find it at \`--controller\`. Where that is not given, they look at port 15070 of this
machine, where \`kubectl port-forward\` has it, and then for the local mesh that \`ballast demo\` runs here. With
\`--kubeconfig\` or \`--context\` they go through the API server of a cluster. That needs the right to \`services/proxy\` in \`ballast-system\`, and, where NetworkPolicies are
enforced, one that lets the API server reach the controller; else \`kubectl port-forward\` does.
Colours are left out where the output is no terminal or \`NO_COLOR\` is set. Each command prints one object for programs
with \`--json\`; errors go to standard error.`;

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What commander prints below the help as such. */
function textAfter(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => void parts.push(text) }).outputHelp();
  return parts.join('').slice(command.helpInformation().length).trim();
}

/** What the help of a command and of its parts says, a section each. */
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
  const parts = help.visibleCommands(command).filter((part) => part.name() !== 'help');
  return [
    `## ${path}`,
    `${command.description().replace(/\.$/, '')}.`,
    `\`\`\`\n${path} ${command.usage()}\n\`\`\``,
    ...(described.length > 0 ? [table(['argument', ''], described)] : []),
    ...(options.length > 0 ? [table(['option', ''], options)] : []),
    ...(after === '' ? [] : [`\`\`\`\n${after}\n\`\`\``]),
    ...parts.flatMap((part) => sectionsOf(part, `${path} ${part.name()}`)),
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
