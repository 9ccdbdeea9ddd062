/** Makes CustomResourceDefinitions from the schemas that objects are checked with. */
import type { TSchema } from 'typebox';

/** A column of `kubectl get`; priority 1: with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

export type JsonSchema = Record<string, unknown>;

/** Keywords of JSON Schema that mean the same in a structural schema. */
const SAME_KEYWORDS = [
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
 * The schema as OpenAPI 3.0, structural. It does not mention unknown fields: the API server finds them itself (kubectl
 * refuses them, other clients get a warning).
 */
export function structural(schema: TSchema): JsonSchema {
  const source = schema as JsonSchema;
  const result: JsonSchema = {};
  for (const word of SAME_KEYWORDS) if (source[word] !== undefined) result[word] = source[word];
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
  // A writer of one condition must not replace the others.
  const conditions = (result['properties'] as Record<string, JsonSchema> | undefined)?.['conditions'];
  if (conditions) {
    conditions['x-kubernetes-list-type'] = 'map';
    conditions['x-kubernetes-list-map-keys'] = ['type'];
  }
  return result;
}

/** `value: description` for each value of a union that has one. */
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
  /** It has a status subresource. */
  readonly hasStatus: boolean;
  /** Names of required `properties`. */
  readonly required: readonly string[];
  /** Schemas of the fields beside metadata. */
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
