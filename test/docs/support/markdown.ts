/** Markdown of the repository, as far as tests of it need: pages, code, links, headings. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const CHECKOUT = join(import.meta.dirname, '../../..');

export interface Page {
  /** Relative to the checkout. */
  readonly file: string;
  readonly lines: readonly string[];
}

/** Every page that is part of the repository, or is about to be. */
export function pages(): Page[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.md'], {
    cwd: CHECKOUT,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter(Boolean)
    .toSorted()
    .map((file) => ({ file, lines: readFileSync(join(CHECKOUT, file), 'utf8').split('\n') }));
}

export interface Fence {
  readonly file: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** What follows the backticks; empty: nothing. */
  readonly language: string;
  readonly lines: readonly string[];
}

/** Fenced code of a page, and the page without it: same lines, those of fences empty. */
export function splitFences({ file, lines }: Page): { readonly fences: Fence[]; readonly prose: string[] } {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { line: number; language: string; lines: string[]; indent: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const [, indent = '', language] = /^(\s*)```(.*)$/.exec(line) ?? [];
    if (language === undefined) {
      if (open) open.lines.push(line.slice(open.indent));
      prose.push(open ? '' : line);
      continue;
    }
    if (open) {
      fences.push({ file, line: open.line, language: open.language, lines: open.lines });
      open = undefined;
    } else open = { line: index + 2, language: language.trim(), lines: [], indent: indent.length };
    prose.push('');
  }
  if (open) throw new Error(`${file}:${open.line}: code that does not end`);
  return { fences, prose };
}

/** Text between backticks; a span may continue in the next line. */
export function codeSpans(prose: readonly string[]): { readonly line: number; readonly text: string }[] {
  const text = prose.join('\n');
  return [...text.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    text: (match[1] ?? '').replaceAll(/\s+/g, ' '),
  }));
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const line of splitFences(page).prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

/** Links and pictures, code left out. */
export function linksOf(page: Page): Link[] {
  const text = splitFences(page)
    .prose.join('\n')
    .replaceAll(/(?<!`)`[^`]+`(?!`)/g, (code) => code.replaceAll(/[^\n]/g, ' '));
  const inline = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
  const defined = /^\[[^\]]+\]:\s+(\S+)/gm;
  const attributes = /\b(?:src|srcset|href)="([^"]+)"/g;
  return [inline, defined, attributes].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      line: text.slice(0, match.index).split('\n').length,
      target: match[1] ?? '',
    })),
  );
}
