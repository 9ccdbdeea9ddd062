/** The CustomResourceDefinitions of the operator's two kinds, made from its schemas. */
import {
  customResourceDefinition,
  type JsonSchema,
  type PrinterColumn,
  structural,
} from '../../../../central-controller/kubernetes/custom-resource.ts';
import { LOADGEN_GROUP, LOADGEN_VERSION, REQUEST_KIND, REQUEST_PLURAL, REQUEST_RULES, RequestSpec } from './request.ts';
import { RequestStatus } from './request-status.ts';
import { Measured, RESULT_KIND, RESULT_PLURAL, ResultLoad } from './result.ts';

const COMPLETE = '.status.conditions[?(@.type=="Complete")]';
const STARTED = '.status.conditions[?(@.type=="Started")]';

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when the object exists',
};

const REQUEST_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Service', type: 'string', jsonPath: '.spec.serviceName', description: 'Service that gets the load' },
  { name: 'QPS', type: 'integer', jsonPath: '.spec.targetQps', description: 'Requests per second asked for' },
  { name: 'Seconds', type: 'integer', jsonPath: '.spec.durationSeconds', description: 'For how long' },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Progress of the load' },
  {
    name: 'Started',
    type: 'string',
    jsonPath: `${STARTED}.reason`,
    description: 'Whether the load started, or why not',
  },
  { name: 'Requests', type: 'integer', jsonPath: '.status.progress.requests', description: 'Requests that fell due' },
  { name: 'Failed', type: 'integer', jsonPath: '.status.progress.failed', description: 'Those that failed' },
  {
    name: 'Achieved',
    type: 'number',
    jsonPath: '.status.progress.achievedQps',
    description: 'Requests that succeeded, per second',
  },
  { name: 'Result', type: 'string', jsonPath: '.status.resultName', description: 'The LoadgenResult' },
  AGE,
  {
    name: 'Message',
    type: 'string',
    jsonPath: `${COMPLETE}.message`,
    description: 'The result, or what the load waits for',
    priority: 1,
  },
];

const RESULT_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Service', type: 'string', jsonPath: '.load.serviceName', description: 'Service that got the load' },
  { name: 'Outcome', type: 'string', jsonPath: '.measured.outcome', description: 'How the load ended' },
  { name: 'Requests', type: 'integer', jsonPath: '.measured.requests', description: 'Requests that fell due' },
  { name: 'Failed', type: 'integer', jsonPath: '.measured.failed', description: 'Those that failed' },
  { name: 'QPS', type: 'integer', jsonPath: '.load.targetQps', description: 'Requests per second asked for' },
  { name: 'Achieved', type: 'number', jsonPath: '.measured.achievedQps', description: 'Those that succeeded' },
  { name: 'P50(ms)', type: 'number', jsonPath: '.measured.latencyMs.p50', description: 'Median of the latency' },
  { name: 'P99(ms)', type: 'number', jsonPath: '.measured.latencyMs.p99', description: '99th percentile' },
  { name: 'Distribution', type: 'string', jsonPath: '.measured.distribution', description: 'Who answered, in %' },
  AGE,
  {
    name: 'Dropped',
    type: 'integer',
    jsonPath: '.measured.failures.dropped',
    description: 'Requests that were not sent, since too many were outstanding',
    priority: 1,
  },
  { name: 'Max(ms)', type: 'number', jsonPath: '.measured.latencyMs.max', description: 'The longest', priority: 1 },
];

function specSchema(): JsonSchema {
  return {
    ...structural(RequestSpec),
    'x-kubernetes-validations': REQUEST_RULES.map((rule) => ({
      rule: rule.cel,
      message: rule.message,
      ...('field' in rule && { fieldPath: `.${rule.field}` }),
    })),
  };
}

/** Plain values that can be written as YAML. */
export function requestDefinition(): JsonSchema {
  return customResourceDefinition({
    group: LOADGEN_GROUP,
    version: LOADGEN_VERSION,
    kind: REQUEST_KIND,
    plural: REQUEST_PLURAL,
    shortName: 'lgreq',
    description: 'Asks for a load against one Service of its namespace, which is run once',
    columns: REQUEST_COLUMNS,
    hasStatus: true,
    required: ['spec'],
    properties: { spec: specSchema(), status: structural(RequestStatus) },
  });
}

export function resultDefinition(): JsonSchema {
  return customResourceDefinition({
    group: LOADGEN_GROUP,
    version: LOADGEN_VERSION,
    kind: RESULT_KIND,
    plural: RESULT_PLURAL,
    shortName: 'lgres',
    description: 'What a load measured; it is deleted with the LoadgenRequest that asked for it',
    columns: RESULT_COLUMNS,
    hasStatus: false,
    required: ['load', 'measured'],
    properties: { load: structural(ResultLoad), measured: structural(Measured) },
  });
}
