/**
 * Converts sources to JavaScript for images. Node could strip the types at run time, but keeps 40 MB in memory for it.
 * Each statement keeps its line and column.
 */
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { init, parse } from 'es-module-lexer';

const OWN_TYPESCRIPT = /^(['"]?\..*)\.ts(['"]?)$/;
/** The URL of a module that is started in a worker thread. */
const MODULE_URL = /(new URL\((['"])[^'"]*)\.ts(\2, import\.meta\.url\))/g;

export interface Module {
  readonly code: string;
  /** Its static and dynamic imports, without imports of types. */
  readonly imports: readonly string[];
}

/** `a.js` for `a.ts`; other paths stay as they are. */
export function javascriptPath(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

/** The module at `path`, relative to the checkout at `root`. `imports` name the sources, `code` imports the results. */
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
