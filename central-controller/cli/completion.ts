/** `ballast completion`: a script for a shell that completes commands and options, made from the commands themselves. */
import { Argument, Command } from 'commander';

const ABOUT = `
  bash:  ballast completion bash > ~/.local/share/bash-completion/completions/ballast
  zsh:   ballast completion zsh > "\${fpath[1]}/_ballast"
  fish:  ballast completion fish > ~/.config/fish/completions/ballast.fish`;

/** What may follow when a command, told by its path such as `weights get`, was typed. */
interface Place {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((part) => part.name() !== 'help');
  const words = [
    ...commands.map((part) => ({ word: part.name(), description: part.description() })),
    ...help.visibleOptions(command).map(({ long, description }) => ({ word: long ?? '', description })),
  ];
  return [
    { path: path.join(' '), words: words.filter(({ word }) => word !== '') },
    ...commands.flatMap((part) => placesOf(part, [...path, part.name()])),
  ];
}

/** Quoted so that no shell finds anything in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function known(places: readonly Place[]): string[] {
  return places.map(({ path }) => path).filter((path) => path !== '');
}

/** In bash and in zsh: find the command that was typed, options and arguments left out. */
function walk(places: readonly Place[], loop: string, word: string): string {
  return `  local word next at="" i
  for (( ${loop} )); do
    word=${word}
    next="\${at:+$at }$word"
    case "$next" in
      ${known(places).map(quoted).join('|')}) at="$next" ;;
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
    contains -- $next ${known(places).map(quoted).join(' ')}
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
    .description('write a script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', ABOUT);
  return command.action((shell: Shell) => {
    process.stdout.write(completionScript(command.parent ?? command, shell));
  });
}
