/** Manifests from YAML: the one loader of all programs. It takes and leaves what `kubectl apply -f` does. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BallastError } from '../../contract/errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { type Manifest, readManifest } from '../kubernetes/manifest.ts';
import { readYaml } from '../kubernetes/yaml.ts';

/** Files that a directory of manifests is read from. */
export const MANIFEST_FILE = /\.(?:ya?ml|json)$/;

export interface Manifests {
  readonly manifests: readonly Manifest[];
  /** Documents that are no Kubernetes objects, such as the values of a Helm chart; each as one line of text. */
  readonly leftOut: readonly string[];
}

/** The objects of one YAML stream. Lists are unfolded, kustomizations left out. @param source names it in messages */
export function manifestsIn(source: string, yaml: string): Result<Manifests> {
  const documents = readYaml(yaml);
  if (!documents.ok) return failure('INVALID_MANIFEST', `${source}: ${documents.failure.message}`);
  const manifests: Manifest[] = [];
  const leftOut: string[] = [];
  for (const [index, document] of documents.value.entries()) {
    if (!isObject(document)) {
      leftOut.push(`${source}: document ${index + 1} has neither apiVersion nor kind, so it is left out`);
      continue;
    }
    for (const object of unfolded(document)) {
      if (object.kind === 'Kustomization') continue;
      const read = readManifest(object, source);
      if (!read.ok) return read;
      manifests.push(read.value);
    }
  }
  return success({ manifests, leftOut });
}

interface Identified {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly items?: unknown;
}

function isObject(value: unknown): value is Identified {
  return typeof value === 'object' && value !== null && ('apiVersion' in value || 'kind' in value);
}

/** The objects of a `List`, or of a list of one kind such as `PodList`, whose items need not name their kind. */
function unfolded(object: Identified): Identified[] {
  const { kind, apiVersion, items } = object;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [object];
  const ofItems = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
  return items.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null ? unfolded({ ...ofItems, ...item }) : [{ ...ofItems }],
  );
}

/**
 * Reads every manifest at `path`: a file, all files below a directory, or '-' for standard input.
 * @param onLeftOut called with a line of text for each document that is no Kubernetes object
 * @throws BallastError INVALID_MANIFEST, naming the file and what is wrong with it
 */
export async function loadManifests(
  path: string,
  onLeftOut: (text: string) => void = () => undefined,
): Promise<Manifest[]> {
  if (path === '-') return [...take(manifestsIn('standard input', await text(process.stdin)), onLeftOut)];
  const files = await filesBelow(path).catch((cause: unknown) => refuse(path, cause));
  const manifests: Manifest[] = [];
  for (const file of files) {
    const yaml = await readFile(file, 'utf8').catch((cause: unknown) => refuse(file, cause));
    manifests.push(...take(manifestsIn(file, yaml), onLeftOut));
  }
  return manifests;
}

function take(read: Result<Manifests>, onLeftOut: (text: string) => void): readonly Manifest[] {
  if (!read.ok) throw new BallastError(read.failure.code, read.failure.message);
  for (const line of read.value.leftOut) onLeftOut(line);
  return read.value.manifests;
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => MANIFEST_FILE.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

function refuse(source: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
  throw new BallastError('INVALID_MANIFEST', `${source}: ${reason}`, { cause });
}
