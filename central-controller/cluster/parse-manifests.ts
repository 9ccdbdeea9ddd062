/** Reads Kubernetes objects from YAML. */
import { Compile } from 'typebox/compile';
import { parseAllDocuments } from 'yaml';
import { describeFieldErrors, type FieldError } from '../../contract/field-errors.ts';
import { POLICY_KIND } from '../../contract/policy.ts';
import { brokenPolicyRule } from '../../contract/policy-rules.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { KINDS } from '../kubernetes/kinds.ts';
import type { ClusterObjects } from '../kubernetes/objects.ts';

const checks = {
  Node: Compile(KINDS.Node.schema),
  Pod: Compile(KINDS.Pod.schema),
  Service: Compile(KINDS.Service.schema),
  StatefulSet: Compile(KINDS.StatefulSet.schema),
  Deployment: Compile(KINDS.Deployment.schema),
  [POLICY_KIND]: Compile(KINDS[POLICY_KIND].schema),
};

interface Check<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): FieldError[];
}

/** The manifests of a directory, by file name. */
export type ManifestFiles = ReadonlyMap<string, string>;

export interface ParsedManifests {
  readonly objects: ClusterObjects;
  /** Which file holds an object, by `<kind> <namespace>/<name>`. */
  readonly files: ReadonlyMap<string, string>;
}

/** Parses and checks every file; the failure names file, object and field. */
export function parseManifests(files: ManifestFiles): Result<ParsedManifests> {
  const objects = { nodes: [], pods: [], services: [], statefulSets: [], deployments: [], policies: [] };
  const seenIn = new Map<string, string>();
  for (const [file, text] of files) {
    const documents = documentsOf(text);
    if (!documents.ok) return failure('INVALID_MANIFEST', `${file}: ${documents.failure.message}`);
    for (const value of documents.value) {
      const { kind, name } = identityOf(value);
      const key = `${kind} ${name}`;
      const other = seenIn.get(key);
      const complaint = other ? `metadata.name: ${other} already has one` : addObject(kind, value, objects);
      if (complaint !== undefined) return failure('INVALID_MANIFEST', `${file}: ${key}: ${complaint}`);
      seenIn.set(key, file);
    }
  }
  return success({ objects, files: seenIn });
}

/** The documents of one YAML stream, empty ones left out. */
export function documentsOf(text: string): Result<unknown[]> {
  const values: unknown[] = [];
  try {
    for (const document of parseAllDocuments(text)) {
      const [error] = document.errors;
      if (error) return failure('INVALID_MANIFEST', firstLine(error.message));
      const value: unknown = document.toJS();
      if (value !== null && value !== undefined) values.push(value);
    }
  } catch (error) {
    // The parser throws on what it takes for an attack, such as aliases that multiply.
    return failure('INVALID_MANIFEST', firstLine(String(error)));
  }
  return success(values);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function identityOf(value: unknown): { kind: string; name: string } {
  const { kind = 'object', metadata } = value as { kind?: unknown; metadata?: { name?: unknown; namespace?: unknown } };
  const namespace = kind === 'Node' ? '' : `${String(metadata?.namespace ?? 'default')}/`;
  return { kind: String(kind), name: `${namespace}${String(metadata?.name ?? '(no name)')}` };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
type ManifestObjects = Mutable<Required<Omit<ClusterObjects, 'endpointSlices'>>>;

/** Adds the object to those of its kind, or says what is wrong with it. Kinds that are not read are let through. */
function addObject(kind: string, value: unknown, objects: ManifestObjects): string | undefined {
  function take<T>(check: Check<T>, into: T[], broken?: (object: T) => string | undefined): string | undefined {
    if (!check.Check(value)) return describeFieldErrors(check.Errors(value), 'object');
    const complaint = broken?.(value);
    if (complaint === undefined) into.push(value);
    return complaint;
  }
  if (kind === 'Node') return take(checks.Node, objects.nodes);
  if (kind === 'Pod') return take(checks.Pod, objects.pods);
  if (kind === 'Service') return take(checks.Service, objects.services);
  if (kind === 'StatefulSet') return take(checks.StatefulSet, objects.statefulSets);
  if (kind === 'Deployment') return take(checks.Deployment, objects.deployments);
  if (kind === POLICY_KIND) {
    return take(checks[POLICY_KIND], objects.policies, ({ spec }) => brokenPolicyRule(spec));
  }
  return undefined;
}
