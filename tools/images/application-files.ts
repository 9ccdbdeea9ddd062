/** The files of the checkout that one image holds. */
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import type { ImageDefinition } from './definitions.ts';
import { javascriptPath } from './javascript.ts';
import { packageFiles } from './package-files.ts';
import { reachedFrom } from './reached-modules.ts';

export const CHECKOUT = join(import.meta.dirname, '../..');

/** Every image says by these what it is and under which terms it may be used. */
const ALWAYS = ['package.json', 'LICENSE'];

/** Paths relative to the checkout, in the image as here, sorted; with its content where that is not the file's own. */
export type ApplicationFiles = ReadonlyMap<string, string | undefined>;

/** Builds the plugin where the image holds it. */
export async function applicationFiles(definition: ImageDefinition): Promise<ApplicationFiles> {
  if (definition.files?.some((pattern) => pattern.startsWith('wasm-plugin/'))) await buildPlugin();
  const { modules, data, packages } = await reachedFrom(CHECKOUT, definition.modules);
  const [ofPackages, others] = await Promise.all([
    packageFiles(CHECKOUT, [...packages, ...(definition.packages ?? [])]),
    Array.fromAsync(glob(definition.files?.slice() ?? [], { cwd: CHECKOUT })),
  ]);
  const asTheyAre = [...ALWAYS, ...data, ...others, ...ofPackages].map((path) => [path, undefined] as const);
  const made = [...modules].map(([path, code]) => [javascriptPath(path), code] as const);
  return new Map([...asTheyAre, ...made].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
