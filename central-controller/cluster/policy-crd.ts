/** The CustomResourceDefinition of LoadBalancingPolicy, made from the schema that manifests are checked with. */
import type { TSchema } from 'typebox';
import { POLICY_GROUP, POLICY_KIND, POLICY_VERSION, PolicySpec } from '../contract/policy.ts';
import { POLICY_RULES } from '../contract/policy-rules.ts';
import { PolicyStatus } from '../contract/policy-status.ts';

export const POLICY_PLURAL = 'loadbalancingpolicies';
const SHORT_NAME = 'lbp';

/** A column of `kubectl get lbp`; those of priority 1 are shown with `-o wide` only. */
interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

const READY = '.status.conditions[?(@.type=="Ready")]';

export const POLICY_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Target', type: 'string', jsonPath: '.spec.targetRef.name', description: 'What is balanced' },
  { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'Enforce, Observe or Off' },
  { name: 'Routing', type: 'string', jsonPath: '.spec.routing', description: 'Endpoint or Subset' },
  { name: 'Ready', type: 'string', jsonPath: `${READY}.status`, description: 'Are requests balanced as it says?' },
  { name: 'Balanced', type: 'string', jsonPath: '.status.balanced', description: 'Replicas balanced, of those ready' },
  { name: 'Reason', type: 'string', jsonPath: `${READY}.reason`, description: 'Why it is ready or not' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when the policy exists' },
  { name: 'Kind', type: 'string', jsonPath: '.spec.targetRef.kind', description: 'Kind of the target', priority: 1 },
  {
    name: 'Service',
    type: 'string',
    jsonPath: '.status.service',
    description: 'Service that the target led to',
    priority: 1,
  },
  { name: 'Objective', type: 'string', jsonPath: '.spec.objective', description: 'delay or level', priority: 1 },
  {
    name: 'Share',
    type: 'number',
    jsonPath: '.spec.shareWeight',
    description: 'Weight in the fair share of CPU',
    priority: 1,
  },
  {
    name: 'CPU',
    type: 'string',
    jsonPath: '.spec.cpuControl',
    description: 'What is set of the CPU on nodes',
    priority: 1,
  },
  {
    name: 'Decided',
    type: 'date',
    jsonPath: '.status.lastDecision.time',
    description: 'When weights last changed',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    jsonPath: `${READY}.message`,
    description: 'What is wrong and what to do',
    priority: 1,
  },
];

type JsonSchema = Record<string, unknown>;

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
function structural(schema: TSchema): JsonSchema {
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
  return result;
}

/** What each word of a union means, where the schema says so. */
function describeAlternatives(schema: TSchema): string[] {
  const { anyOf = [] } = schema as { anyOf?: readonly { readonly const: string; readonly description?: string }[] };
  return anyOf.flatMap(({ const: value, description }) => (description ? [`${value}: ${description}`] : []));
}

function specSchema(): JsonSchema {
  return {
    ...structural(PolicySpec),
    'x-kubernetes-validations': POLICY_RULES.map(({ field, cel, message }) => ({
      rule: cel,
      message,
      fieldPath: `.${field}`,
    })),
  };
}

function statusSchema(): JsonSchema {
  const status = structural(PolicyStatus);
  const properties = status['properties'] as Record<string, JsonSchema>;
  Object.assign(properties['conditions'] ?? {}, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  });
  return status;
}

/** As plain values, ready to be written as YAML. */
export function policyDefinition(): JsonSchema {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${POLICY_PLURAL}.${POLICY_GROUP}` },
    spec: {
      group: POLICY_GROUP,
      scope: 'Namespaced',
      names: {
        kind: POLICY_KIND,
        listKind: `${POLICY_KIND}List`,
        plural: POLICY_PLURAL,
        singular: POLICY_KIND.toLowerCase(),
        shortNames: [SHORT_NAME],
        categories: ['ballast'],
      },
      versions: [
        {
          name: POLICY_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: POLICY_COLUMNS,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'Says which service of its namespace Ballast balances, and how',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: specSchema(),
                status: statusSchema(),
              },
            },
          },
        },
      ],
    },
  };
}
