/** Kubernetes objects as they stand in YAML: the part that every kind has, and what Ballast reads of some. */
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { qualifiedName } from '../../contract/names.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { Pod, Service, StatefulSet } from './objects.ts';

const Labels = Type.Record(Type.String(), Type.String());

/** What every object says of itself. */
export const Metadata = Type.Object({
  name: Type.String({ minLength: 1 }),
  namespace: Type.Optional(Type.String({ minLength: 1 })),
  labels: Type.Optional(Labels),
  creationTimestamp: Type.Optional(Type.String()),
});

/** Any object. Fields that no schema here names are kept, and left alone. */
export const Manifest = Type.Object({
  apiVersion: Type.String({ minLength: 1 }),
  kind: Type.String({ minLength: 1 }),
  metadata: Metadata,
  spec: Type.Optional(Type.Unknown()),
});
export type Manifest = Static<typeof Manifest>;

/** A schema for objects of one kind; `group` is the API group without its version, '' for the core. */
export interface Kind<Schema extends TSchema> {
  readonly kind: string;
  readonly group: string;
  readonly schema: Schema;
}

export const PodKind = { kind: 'Pod', group: '', schema: Pod } as const;
export const ServiceKind = { kind: 'Service', group: '', schema: Service } as const;
export const StatefulSetKind = { kind: 'StatefulSet', group: 'apps', schema: StatefulSet } as const;

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** `kind namespace/name`, as messages call an object. */
export function describeManifest(manifest: Pick<Manifest, 'kind' | 'metadata'>): string {
  return `${manifest.kind} ${qualifiedName(manifest.metadata)}`;
}

/** Namespace of an object; Kubernetes' own default where it names none. */
export function namespaceOf(manifest: { readonly metadata: { readonly namespace?: string } }): string {
  return manifest.metadata.namespace ?? 'default';
}

/** Checks that a value parsed from YAML is an object of Kubernetes' general form. */
export function readManifest(value: unknown, source: string): Result<Manifest> {
  if (Value.Check(Manifest, value)) return success(value);
  return failure('INVALID_MANIFEST', `${source}: ${describeFieldErrors(Value.Errors(Manifest, value), 'object')}`);
}

/** All objects of one kind, in their order; the first that does not fit the schema is the failure. */
export function selectKind<Schema extends TSchema>(
  manifests: readonly Manifest[],
  kind: Kind<Schema>,
): Result<readonly Static<Schema>[]> {
  const selected: Static<Schema>[] = [];
  for (const manifest of manifests) {
    if (manifest.kind !== kind.kind || groupOf(manifest.apiVersion) !== kind.group) continue;
    if (!Value.Check(kind.schema, manifest)) {
      const errors = describeFieldErrors(Value.Errors(kind.schema, manifest), 'object');
      return failure('INVALID_MANIFEST', `${describeManifest(manifest)}: ${errors}`);
    }
    selected.push(manifest);
  }
  return success(selected);
}

/** Does a selector choose these labels? An empty selector chooses nothing, as in a Service. */
export function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}
