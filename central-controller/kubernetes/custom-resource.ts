/** CustomResourceDefinitions, made from the schemas that objects are checked with. */
import type { TSchema } from 'typebox';

/** A column of `kubectl get`; those of priority 1 are shown with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

export type JsonSchema = Record<string, unknown>;

/** Words of JSON Schema that mean the same in a structural schema of Kubernetes. */
const SAME = [
  'type',
  'description',
  'default',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'required',
] as const;

/**
 * The schema in Kubernetes' terms: OpenAPI 3.0, structural. Unknown fields are not named in it, since the API server
 * finds those by itself (kubectl refuses them, other clients are warned).
 */
export function structural(schema: TSchema): JsonSchema {
  const source = schema as JsonSchema;
  const result: JsonSchema = {};
  for (const word of SAME) if (source[word] !== undefined) result[word] = source[word];
  if (source['exclusiveMinimum'] !== undefined) {
    result['minimum'] = source['exclusiveMinimum'];
    result['exclusiveMinimum'] = true;
  }
  if (result['type'] === 'integer') result['format'] = 'int64';
  const alternatives = source['anyOf'] as readonly { readonly const: string }[] | undefined;
  if (alternatives) {
    result['type'] = 'string';
    result['enum'] = alternatives.map((alternative) => alternative.const);
    result['description'] = [source['description'], ...describeAlternatives(schema)].join('. ');
  }
  const properties = source['properties'] as Record<string, TSchema> | undefined;
  if (properties) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, structural(property)]),
    );
  }
  if (source['items'] !== undefined) result['items'] = structural(source['items'] as TSchema);
  // Conditions are one of each type: who writes one leaves the others alone.
  const conditions = (result['properties'] as Record<string, JsonSchema> | undefined)?.['conditions'];
  if (conditions) {
    conditions['x-kubernetes-list-type'] = 'map';
    conditions['x-kubernetes-list-map-keys'] = ['type'];
  }
  return result;
}

/** What each word of a union means, where the schema says so. */
function describeAlternatives(schema: TSchema): string[] {
  const { anyOf = [] } = schema as { anyOf?: readonly { readonly const: string; readonly description?: string }[] };
  return anyOf.flatMap(({ const: value, description }) => (description ? [`${value}: ${description}`] : []));
}

export interface CustomResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
  /** Its status is written by itself, and by those who may write statuses alone. */
  readonly hasStatus: boolean;
  /** Those of `properties` that must be there. */
  readonly required: readonly string[];
  /** What an object says besides its metadata, in Kubernetes' terms. */
  readonly properties: Readonly<Record<string, JsonSchema>>;
}

/** The definition of a namespaced kind as plain values, ready to be written as YAML. */
export function customResourceDefinition(resource: CustomResource): JsonSchema {
  const { group, version, kind, plural, shortName, description, columns, hasStatus, required, properties } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['ballast'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(hasStatus && { subresources: { status: {} } }),
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required,
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...properties,
              },
            },
          },
        },
      ],
    },
  };
}
