/** docs/reference/policy.md, made from the schema of LoadBalancingPolicy. */
import { POLICY_COLUMNS } from '../../../central-controller/policy/policy-crd.ts';
import { PolicySpec } from '../../../contract/policy.ts';
import { POLICY_RULES } from '../../../contract/policy-rules.ts';
import { POLICY_CONDITIONS, PolicyStatus } from '../../../contract/policy-status.ts';

/** As one would begin: everything that is left out has a default. */
export const EXAMPLE = `apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata:
  name: search
  namespace: hotel-reservation
spec:
  targetRef:
    kind: StatefulSet
    name: search
  mode: Observe # look at \`kubectl get lbp\` and the page first, then Enforce
  limits:
    minWeight: 0.2 # each healthy replica gets at least a fifth of the equal weight
    warmUpSeconds: 30
`;

/** What is read of a schema here. */
interface Field {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly format?: string | undefined;
  readonly minimum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly anyOf?: readonly { readonly const: string; readonly description?: string }[] | undefined;
  readonly properties?: Readonly<Record<string, Field>> | undefined;
  readonly required?: readonly string[] | undefined;
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: unknown): string {
  return `\`${String(text)}\``;
}

function range({ minimum, exclusiveMinimum, maximum }: Field): string {
  const bounds = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
  ];
  return bounds.length > 0 ? `, ${bounds.join(', ')}` : '';
}

function form(field: Field): string {
  if (field.anyOf) return field.anyOf.map(({ const: value }) => code(value)).join(', ');
  if (field.type === 'array') return 'list';
  if (field.format === 'date-time') return 'time';
  return `${field.type === 'string' ? 'text' : (field.type ?? '')}${range(field)}`;
}

function meaning({ description = '', anyOf = [] }: Field): string {
  const values = anyOf.flatMap(({ const: value, description: text }) => (text ? [`${code(value)}: ${text}`] : []));
  return [description, ...values].join('<br>');
}

/** One row per field. Required fields say so in the column of defaults. */
function fields({ properties = {}, required = [] }: Field): string {
  const rows = Object.entries(properties).map(([name, field]) => {
    const absent = field.default === undefined ? '' : code(field.default);
    return [code(name), form(field), required.includes(name) ? 'required' : absent, meaning(field)];
  });
  return table(['field', 'value', 'default', 'meaning'], rows);
}

function statusFields({ properties = {} }: Field): string {
  const rows = Object.entries(properties).flatMap(([name, field]): string[][] => {
    const inner = Object.entries(field.properties ?? {}).map(([key, each]) => [
      code(`${name}.${key}`),
      form(each),
      meaning(each),
    ]);
    return inner.length > 0 ? inner : [[code(name), form(field), meaning(field)]];
  });
  return table(['field', 'value', 'meaning'], rows);
}

export function policyPage(): string {
  const { targetRef } = PolicySpec.properties;
  const limits: Field = PolicySpec.properties.limits;
  const conditions = Object.entries(POLICY_CONDITIONS);
  const sections = [
    '<!-- Made from contract/policy.ts and its neighbours. -->',
    '# LoadBalancingPolicy',
    'A policy says that Ballast balances one service of its namespace, and how. Services without a policy are left to Istio.',
    `\`\`\`yaml\n${EXAMPLE}\`\`\``,
    'YAML takes `Off` without quotes for false, and the API server then refuses it: write `mode: "Off"`.',
    '## `spec`',
    fields(PolicySpec),
    '## `spec.targetRef`',
    fields(targetRef),
    'If two policies lead to one Service, the older one counts; the other says so in its status.',
    '## `spec.limits`',
    `${limits.description}. Limits bound where the weights go; on their way there, and after replicas came or went, they may be outside for a moment.`,
    fields(limits),
    '## What is refused',
    'The API server refuses what is outside the ranges above, fields that it does not know (kubectl asks it to), and:',
    table(
      ['field', 'why, and what to do', 'rule (CEL)'],
      POLICY_RULES.map(({ field, message, cel }) => [code(`spec.${field}`), message, code(cel)]),
    ),
    'The mode is part of no rule: a policy can be switched to `Observe` or `"Off"` at any time.',
    '## `kubectl get lbp`',
    table(
      ['column', 'shown', 'meaning'],
      POLICY_COLUMNS.map(({ name, priority, description }) => [
        name.toUpperCase(),
        priority === undefined ? 'always' : 'with `-o wide`',
        description,
      ]),
    ),
    '## `status`',
    statusFields(PolicyStatus),
    '## Conditions',
    'All three are always there. `Ready` sums them up: it takes over reason and message of the first one that is not `True`.',
    table(
      ['condition', '`True` says'],
      conditions.map(([type, { description }]) => [code(type), description]),
    ),
    '### Reasons',
    table(
      ['condition', 'reason', 'meaning, and what to do'],
      conditions.flatMap(([type, { reasons }]) =>
        Object.entries(reasons).map(([reason, text]) => [code(type), code(reason), text]),
      ),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}
