/** Manifests from a file, a directory or standard input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BallastError } from '../../contract/errors.ts';
import type { Result } from '../../contract/result.ts';
import { type Manifest, readManifest } from '../kubernetes/manifest.ts';
import { documentsOf } from './parse-manifests.ts';

function refuse(source: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
  throw new BallastError('INVALID_MANIFEST', `${source}: ${reason}`, { cause });
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new BallastError(result.failure.code, result.failure.message);
  return result.value;
}

/** Objects of one YAML stream; `List` objects are unfolded, kustomizations are not manifests and left out. */
function parse(source: string, yaml: string): Manifest[] {
  const documents = documentsOf(yaml);
  if (!documents.ok) return refuse(source, documents.failure.message);
  return documents.value
    .flatMap((document) => {
      const { kind, items } = document as { kind?: unknown; items?: unknown };
      return kind === 'List' && Array.isArray(items) ? (items as unknown[]) : [document];
    })
    .filter((object) => (object as { kind?: unknown } | null)?.kind !== 'Kustomization')
    .map((object) => unwrap(readManifest(object, source)));
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
