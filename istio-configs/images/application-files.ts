/** The files of the checkout that one image holds. */
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import type { ImageDefinition } from './definitions.ts';
import { packageFiles } from './package-files.ts';
import { reachedFrom } from './reached-modules.ts';

export const CHECKOUT = join(import.meta.dirname, '../..');

/** Every image says by these what it is and under which terms it may be used. */
const ALWAYS = ['package.json', 'LICENSE'];

/** Paths relative to the checkout, sorted. Builds the plugin where the image holds it. */
export async function applicationFiles(definition: ImageDefinition): Promise<string[]> {
  if (definition.files?.some((pattern) => pattern.startsWith('wasm-plugin/'))) await buildPlugin();
  const { sources, packages } = await reachedFrom(CHECKOUT, definition.modules);
  const [ofPackages, others] = await Promise.all([
    packageFiles(CHECKOUT, [...packages, ...(definition.packages ?? [])]),
    Array.fromAsync(glob(definition.files?.slice() ?? [], { cwd: CHECKOUT })),
  ]);
  return [...new Set([...ALWAYS, ...sources, ...others, ...ofPackages])].toSorted();
}
