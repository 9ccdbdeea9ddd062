/** What all Kubernetes objects have in common, as they stand in YAML or come from an API server. */
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { boundedErrors } from '../../contract/bounded-errors.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { qualifiedName } from '../../contract/names.ts';
import { failure, type Result, success } from '../../contract/result.ts';

export const Labels = Type.Record(Type.String(), Type.String());
export type Labels = Static<typeof Labels>;

export const Metadata = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  namespace: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  uid: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  labels: Type.Optional(Labels),
  creationTimestamp: Type.Optional(Type.String()),
  deletionTimestamp: Type.Optional(Type.String()),
});

/** Any object. Fields that no schema here names are kept and left alone. */
export const Manifest = Type.Object({
  apiVersion: Type.String({ minLength: 1 }),
  kind: Type.String({ minLength: 1 }),
  metadata: Metadata,
  spec: Type.Optional(Type.Unknown()),
});
export type Manifest = Static<typeof Manifest>;

/** One kind of object: its name in manifests and in paths, and its form as far as Ballast reads it. */
export interface Kind<Schema extends TSchema = TSchema> {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly schema: Schema;
}

/** API group without its version; '' for the core. */
function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** Another version of the same group counts as the same kind. */
export function isOfKind({ kind, apiVersion }: Pick<Manifest, 'kind' | 'apiVersion'>, of: Kind): boolean {
  return kind === of.kind && groupOf(apiVersion) === groupOf(of.apiVersion);
}

/** `kind namespace/name`, as messages call an object. */
export function describeManifest(manifest: Pick<Manifest, 'kind' | 'metadata'>): string {
  return `${manifest.kind} ${qualifiedName(manifest.metadata)}`;
}

export function namespaceOf(manifest: { readonly metadata: { readonly namespace?: string } }): string {
  return manifest.metadata.namespace ?? 'default';
}

/** Checks that a value parsed from YAML is an object of Kubernetes' general form. */
export function readManifest(value: unknown, source: string): Result<Manifest> {
  if (Value.Check(Manifest, value)) return success(value);
  return failure('INVALID_MANIFEST', `${source}: ${describeFieldErrors(boundedErrors(Manifest, value), 'object')}`);
}

/** All objects of one kind, in their order; the first that does not fit the schema is the failure. */
export function selectKind<Schema extends TSchema>(
  manifests: readonly Manifest[],
  kind: Kind<Schema>,
): Result<readonly Static<Schema>[]> {
  const selected: Static<Schema>[] = [];
  for (const manifest of manifests) {
    if (!isOfKind(manifest, kind)) continue;
    if (!Value.Check(kind.schema, manifest)) {
      const errors = describeFieldErrors(boundedErrors(kind.schema, manifest), 'object');
      return failure('INVALID_MANIFEST', `${describeManifest(manifest)}: ${errors}`);
    }
    selected.push(manifest);
  }
  return success(selected);
}

/** Does a selector choose these labels? An empty selector chooses nothing, as in a Service. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  const required = Object.entries(selector ?? {});
  return required.length > 0 && required.every(([key, value]) => labels[key] === value);
}
