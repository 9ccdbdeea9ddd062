/** Manifests from a file, a directory or standard input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { type Manifest, readManifest } from './manifest.ts';
import { BallastError } from '../contract/errors.ts';

function refuse(source: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
  throw new BallastError('INVALID_MANIFEST', `${source}: ${reason}`, { cause });
}

/** Documents of one YAML stream; `List` objects are unfolded, kustomizations are not manifests and left out. */
function parse(source: string, yaml: string): Manifest[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors[0]) refuse(source, document.errors[0]);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    const items =
      (value as { kind?: unknown; items?: unknown }).kind === 'List' ? (value as { items?: unknown }).items : [value];
    return (Array.isArray(items) ? items : []).flatMap((item: unknown) => {
      if (String((item as { kind?: unknown }).kind) === 'Kustomization') return [];
      const manifest = readManifest(item, source);
      if (!manifest.ok) throw new BallastError(manifest.failure.code, manifest.failure.message);
      return [manifest.value];
    });
  });
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

/**
 * Reads every manifest at `path`: a file, all YAML files below a directory, or '-' for standard input.
 * @throws BallastError INVALID_MANIFEST, naming the file and what is wrong with it
 */
export async function loadManifests(path: string): Promise<Manifest[]> {
  if (path === '-') return parse('standard input', await text(process.stdin));
  const files = await filesBelow(path).catch((cause: unknown) => refuse(path, cause));
  const manifests: Manifest[] = [];
  for (const file of files) {
    manifests.push(...parse(file, await readFile(file, 'utf8').catch((cause: unknown) => refuse(file, cause))));
  }
  return manifests;
}
