/** The CustomResourceDefinition of LoadBalancingPolicy, made from the schema that manifests are checked with. */
import { POLICY_GROUP, POLICY_KIND, POLICY_PLURAL, POLICY_VERSION, PolicySpec } from '../../contract/policy.ts';
import { POLICY_RULES } from '../../contract/policy-rules.ts';
import { PolicyStatus } from '../../contract/policy-status.ts';
import {
  customResourceDefinition,
  type JsonSchema,
  type PrinterColumn,
  structural,
} from '../kubernetes/custom-resource.ts';

const SHORT_NAME = 'lbp';

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

/** As plain values, ready to be written as YAML. */
export function policyDefinition(): JsonSchema {
  return customResourceDefinition({
    group: POLICY_GROUP,
    version: POLICY_VERSION,
    kind: POLICY_KIND,
    plural: POLICY_PLURAL,
    shortName: SHORT_NAME,
    description: 'Says which service of its namespace Ballast balances, and how',
    columns: POLICY_COLUMNS,
    hasStatus: true,
    required: ['spec'],
    properties: { spec: specSchema(), status: structural(PolicyStatus) },
  });
}
