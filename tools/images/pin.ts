#!/usr/bin/env node
/** Writes the digest of the plugin into the manifests that name it: `npm run pin`, after each change of the plugin. */
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { buildPlugin } from '../../wasm-plugin/build.ts';

const CONFIGS = join(import.meta.dirname, '../../istio-configs');
const DIGEST = /\b[0-9a-f]{64}\b/g;

/** WasmPlugins of the applications, one per namespace. Relative to `istio-configs`. */
export const APPLICATION_PLUGINS: readonly string[] = globSync('*/base/wasm-plugin.yaml', { cwd: CONFIGS }).toSorted();

/** Relative to `istio-configs`. */
export const PINNED_FILES: readonly string[] = [
  'plugin/wasm-plugin/wasm-plugin.yaml',
  'plugin/traffic-extension/traffic-extension.yaml',
  ...APPLICATION_PLUGINS,
  'chart/values.yaml',
];

/** SHA-256 of the plugin as built from the current sources, hexadecimal. */
export async function pluginDigest(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(await buildPlugin()))
    .digest('hex');
}

/** The files that name a digest other than `digest`. */
export async function stalePins(digest: string): Promise<string[]> {
  const isStale = await Promise.all(
    PINNED_FILES.map(async (file) => {
      const named = (await readFile(join(CONFIGS, file), 'utf8')).match(DIGEST) ?? [];
      return named.some((each) => each !== digest);
    }),
  );
  return PINNED_FILES.filter((_file, index) => isStale[index]);
}

/** Writes `digest` into all of the files; returns those that changed. */
async function pin(digest: string): Promise<string[]> {
  const stale = await stalePins(digest);
  for (const file of stale) {
    const path = join(CONFIGS, file);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(DIGEST, digest));
  }
  return stale;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await new Command('pin')
    .description('Write the digest of the plugin, as built from the sources at hand, into the manifests that name it')
    .option('--json', 'print the digest and the changed files as one JSON object')
    .action(async (flags: { json?: boolean }) => {
      const digest = await pluginDigest();
      const changed = (await pin(digest)).map((file) => relative(process.cwd(), join(CONFIGS, file)));
      if (flags.json) console.log(JSON.stringify({ digest, changed }));
      else
        console.log(`${digest}${changed.length === 0 ? ' is what all manifests name' : ` -> ${changed.join(', ')}`}`);
    })
    .parseAsync()
    .catch((error: unknown) => {
      console.error(error instanceof BallastError ? describeFailure(error) : error);
      process.exitCode = 1;
    });
}
