/** Commands that pages tell their readers to type. */
import { codeSpans, type Fence, pages, splitFences } from './markdown.ts';

export interface DocumentedCommand {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** As a shell would take it, on one line, without comments. */
  readonly text: string;
  /** In a line of prose instead of a block. */
  readonly inProse: boolean;
}

/** A loop is one command. */
const OPENS = /^\s*(?:for|while|until)\b/;
const CLOSES = /^\s*done\b/;

/** A comment begins with a word of its own, outside of quotes. */
function withoutComment(line: string): string {
  const kept = /^((?:'[^']*'|"[^"]*"|[^'"])*?)(?:^|\s)#/.exec(line)?.[1] ?? line;
  return kept.trimEnd();
}

function commandsOf({ file, line: first, lines }: Fence): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  let open: { line: number; text: string; depth: number } | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = withoutComment(raw);
    if (line.trim() === '') continue;
    open ??= { line: first + index, text: '', depth: 0 };
    const goesOn = line.endsWith('\\');
    const part = goesOn ? line.slice(0, -1) : line;
    if (OPENS.test(part)) open.depth += 1;
    if (CLOSES.test(part)) open.depth -= 1;
    // A line within a loop ends a command of it, unless it ends in a word of the shell.
    const separator = open.depth > 0 && !goesOn && !/(?:\bdo|&|;)\s*$/.test(part) ? '; ' : ' ';
    open.text += `${part.trim()}${separator}`;
    if (goesOn || open.depth > 0) continue;
    commands.push({ file, line: open.line, text: open.text.replace(/[\s;]+$/, ''), inProse: false });
    open = undefined;
  }
  if (open) throw new Error(`${file}:${open.line}: a command that does not end`);
  return commands;
}

/** In prose, a command is what names a program and says what it is to do. */
const IN_PROSE =
  /^(?:(?:npm run|npx|node|curl) \S|(?:kubectl|helm|istioctl|ballast) \S+ \S)|^npm (?:ci|install|test)\b/;

/** The reference of the `ballast` command shows the examples of its help in blocks that are no shell. */
const EXAMPLE = /^\s+(?:\w+:\s+)?(ballast (?:(?!\[options\]|\[command\]).)+)$/;

/** All of them, page by page. */
export function documentedCommands(): DocumentedCommand[] {
  return pages().flatMap((page) => {
    const { fences, prose } = splitFences(page);
    const { file } = page;
    const blocks = fences.filter(({ language }) => language === 'sh').flatMap(commandsOf);
    const examples = fences
      .filter(({ language }) => language === '')
      .flatMap(({ line, lines }) =>
        lines.flatMap((text, index) => {
          const example = EXAMPLE.exec(text)?.[1];
          return example === undefined ? [] : [{ file, line: line + index, text: example, inProse: false }];
        }),
      );
    const spans = codeSpans(prose)
      .filter(({ text }) => IN_PROSE.test(text))
      .map(({ line, text }) => ({ file, line, text, inProse: true }));
    return [...blocks, ...examples, ...spans];
  });
}
