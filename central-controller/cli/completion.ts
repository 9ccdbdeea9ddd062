/** `ballast completion`: a script that lets a shell complete commands and options. It is made from the commands. */
import { Argument, Command } from 'commander';

const ABOUT = `
  bash:  ballast completion bash > ~/.local/share/bash-completion/completions/ballast
  zsh:   ballast completion zsh > "\${fpath[1]}/_ballast"
  fish:  ballast completion fish > ~/.config/fish/completions/ballast.fish`;

/** The words that can follow a command. `path` names the command, such as `weights get`. */
interface Place {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((subcommand) => subcommand.name() !== 'help');
  const words = [
    ...commands.map((subcommand) => ({ word: subcommand.name(), description: subcommand.description() })),
    ...help.visibleOptions(command).map(({ long, description }) => ({ word: long ?? '', description })),
  ];
  return [
    { path: path.join(' '), words: words.filter(({ word }) => word !== '') },
    ...commands.flatMap((subcommand) => placesOf(subcommand, [...path, subcommand.name()])),
  ];
}

/** In single quotes, so that the shell expands nothing. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function commandPaths(places: readonly Place[]): string[] {
  return places.map(({ path }) => path).filter((path) => path !== '');
}

/** For bash and zsh: finds the command in the typed words and skips options and arguments. */
function walk(places: readonly Place[], loop: string, word: string): string {
  return `  local word next at="" i
  for (( ${loop} )); do
    word=${word}
    next="\${at:+$at }$word"
    case "$next" in
      ${commandPaths(places).map(quoted).join('|')}) at="$next" ;;
    esac
  done
  case "$at" in`;
}

const SCRIPTS = {
  bash: (places: readonly Place[]) => `_ballast() {
  local words=""
${walk(places, 'i = 1; i < COMP_CWORD; i++', '${COMP_WORDS[i]}')}
${places.map(({ path, words }) => `    ${quoted(path)}) words=${quoted(words.map(({ word }) => word).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ballast ballast
`,
  zsh: (places: readonly Place[]) => `#compdef ballast
_ballast() {
${walk(places, 'i = 2; i < CURRENT; i++', '${words[i]}')}
${places.map(({ path, words }) => `    ${quoted(path)}) compadd -- ${words.map(({ word }) => quoted(word)).join(' ')} ;;`).join('\n')}
  esac
  _files
}
compdef _ballast ballast
`,
  fish: (places: readonly Place[]) => `function __ballast_at
  set -l at ''
  for word in (commandline -opc)[2..]
    set -l next (string trim -- "$at $word")
    contains -- $next ${commandPaths(places).map(quoted).join(' ')}
    and set at $next
  end
  test "$at" = "$argv[1]"
end
${places
  .flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c ballast -n ${quoted(`__ballast_at "${path}"`)} ${what} -d ${quoted(description)}`;
    }),
  )
  .join('\n')}
`,
} as const;

type Shell = keyof typeof SCRIPTS;

export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](placesOf(program));
}

export function completionCommand(): Command {
  const command = new Command('completion')
    .description('print a script that lets a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', ABOUT);
  return command.action((shell: Shell) => {
    process.stdout.write(completionScript(command.parent ?? command, shell));
  });
}
