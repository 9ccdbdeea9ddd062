/** The modules and packages that a program reaches by its imports. */
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { javascriptOf } from './javascript.ts';

export interface Reached {
  /** JavaScript of the modules, by the paths of their sources relative to the checkout. */
  readonly modules: ReadonlyMap<string, string>;
  /** Imported files that are not code, relative to the checkout. */
  readonly data: readonly string[];
  /** Names of packages. */
  readonly packages: readonly string[];
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
  const modules = new Map<string, string>();
  const data: string[] = [];
  const packages = new Set<string>();
  const paths = new Set(entries);
  // The iteration of a set includes what is added to it on the way.
  for (const path of paths) {
    if (!/\.[jt]s$/.test(path)) {
      data.push(path);
      continue;
    }
    const { code, imports } = await javascriptOf(root, path);
    modules.set(path, code);
    for (const specifier of imports) {
      if (specifier.startsWith('.')) paths.add(join(path, '..', specifier));
      else if (!isBuiltin(specifier)) packages.add(packageOf(specifier));
    }
  }
  return { modules, data, packages: [...packages] };
}
