/**
 * Sources as an image holds them: JavaScript. Node would take the types out by itself, but keeps what does so in
 * memory, 40 MB of it. Nothing else changes: each statement stays at its line and column.
 */
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { init, parse } from 'es-module-lexer';

const OWN_TYPESCRIPT = /^(['"]?\..*)\.ts(['"]?)$/;
/** A module that is started in a thread of its own. */
const MODULE_URL = /(new URL\((['"])[^'"]*)\.ts(\2, import\.meta\.url\))/g;

export interface Module {
  readonly code: string;
  /** What it imports, statically and dynamically, without what are types alone. */
  readonly imports: readonly string[];
}

/** `a.ts` becomes `a.js`; other paths stay. */
export function javascriptPath(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

/** The module at `path`, relative to the checkout at `root`; its imports name the sources, its code the results. */
export async function javascriptOf(root: string, path: string): Promise<Module> {
  await init;
  const source = await readFile(join(root, path), 'utf8');
  const code = path.endsWith('.ts') ? stripTypeScriptTypes(source) : source;
  const [imports] = parse(code);
  let result = '';
  let done = 0;
  for (const { s: start, e: end } of imports) {
    result += code.slice(done, start) + code.slice(start, end).replace(OWN_TYPESCRIPT, '$1.js$2');
    done = end;
  }
  result += code.slice(done);
  return {
    code: result.replaceAll(MODULE_URL, '$1.js$3'),
    imports: imports.flatMap(({ n: specifier }) => specifier ?? []),
  };
}
