/** What a program loads: the sources that it reaches by its imports, and the packages that these name. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { init, parse } from 'es-module-lexer';
import { isBuiltin } from 'node:module';

export interface Reached {
  /** Relative to the checkout, sorted. */
  readonly sources: readonly string[];
  /** Names of packages, sorted. */
  readonly packages: readonly string[];
}

/** Specifiers of a module's imports, static and dynamic, without those of types alone: Node never loads these. */
async function importsOf(file: string): Promise<string[]> {
  if (!/\.[jt]s$/.test(file)) return [];
  const { code } = await transform(await readFile(file, 'utf8'), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024', transform: { verbatimModuleSyntax: true } },
    module: { type: 'es6' },
  });
  const [imports] = parse(code);
  return imports.flatMap(({ n: specifier }) => specifier ?? []);
}

/** `@scope/name/part` and `name/part` belong to the packages `@scope/name` and `name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Follows the imports from `entries`, paths relative to the checkout at `root`. */
export async function reachedFrom(root: string, entries: readonly string[]): Promise<Reached> {
  await init;
  const sources = new Set(entries);
  const packages = new Set<string>();
  // A set hands out what is added while it is walked.
  for (const source of sources) {
    for (const specifier of await importsOf(join(root, source))) {
      if (specifier.startsWith('.')) sources.add(join(source, '..', specifier));
      else if (!isBuiltin(specifier)) packages.add(packageOf(specifier));
    }
  }
  return { sources: [...sources].toSorted(), packages: [...packages].toSorted() };
}
