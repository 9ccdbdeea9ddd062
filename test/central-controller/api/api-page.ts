/** docs/reference/api.md, made from the OpenAPI document and the catalogue of errors. */
import { ERRORS } from '../../../contract/errors.ts';

/** What is read of a schema here. */
interface Schema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    schema: Schema;
    description?: string;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export interface OpenApi {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const INTRODUCTION = `The controller answers on port 15070: JSON, without a password, so it must not be reachable from outside the cluster
([Install](../guide/install.md) has NetworkPolicies). [openapi.json](openapi.json), also \`GET /api/v1/openapi.json\`, is
the same for programs.

- **Times** are milliseconds since 1970 by the controller's clock; **weights** are shares of a service's requests, 0 to 1.
- **Errors** are problem documents (RFC 9457, \`application/problem+json\`) with \`code\`, \`detail\` (which names the
  field) and \`remedy\`; [the codes](#errors) are below.
- **ETag**: answers have one. With \`If-None-Match\` an answer that is still the same is \`304\` without a body.
- **Lists that grow** come page by page: \`limit\` entries, and \`continue\` of one page asks for the next. What is there
  throughout is on exactly one page.
- **Several controllers**: one that does not lead forwards what only the leader can answer; where it does not know the
  way it answers \`503 NOT_LEADER\`, and \`GET /api/v1/leader\` names the one that leads.
- **Limits** per address and second: 200 requests, 10 simulations; reads of weights have none. Beyond them \`429\`;
  [the stream](#stream) tells of every decision by itself.
- **By hand** means for a while: weights set by hand and pauses are lost when the controller restarts or another one
  leads. What shall last belongs into the policy (\`mode\`, \`limits\`).`;

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function formOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.anyOf) return [...new Set(schema.anyOf.map(formOf))].join(', ');
  if (schema.type === 'array') return `list of ${formOf(schema.items ?? {})}`;
  const { minimum, maximum, type = 'object' } = schema;
  const range = [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(maximum === undefined ? [] : [`≤ ${maximum}`]),
  ];
  return [type === 'string' ? 'text' : type, ...range].join(' ');
}

/** Fields by their paths, such as `nodes[].name`; fields that several forms share appear once. */
function fieldsOf(schema: Schema, path = ''): string[][] {
  if (schema.items) return fieldsOf(schema.items, `${path}[]`);
  const parts = schema.allOf ?? schema.anyOf?.filter(({ properties }) => properties);
  if (parts && parts.length > 0) return parts.flatMap((part) => fieldsOf(part, path));
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const full = path === '' ? name : `${path}.${name}`;
    const own = [code(full), formOf(field), required.includes(name) ? 'yes' : '', field.description ?? ''];
    return [own, ...fieldsOf(field, full)];
  });
}

function schemaOf({ content = {} }: Content): Schema | undefined {
  return Object.values(content)[0]?.schema;
}

function operationText(method: string, path: string, operation: Operation): string[] {
  const { summary, parameters = [], requestBody, responses } = operation;
  const asked = parameters.filter(({ in: where }) => where === 'query');
  const body = requestBody && schemaOf(requestBody);
  const ok = responses['200'];
  const answer = ok && schemaOf(ok);
  const answered = answer && fieldsOf(answer);
  const problems = Object.keys(responses).filter((status) => /^[45]/.test(status));
  return [
    `### ${method.toUpperCase()} ${path}`,
    `${summary}.`,
    ...(asked.length > 0
      ? [
          table(
            ['query', 'value', 'required', 'meaning'],
            asked.map(({ name, schema, required, description = '' }) => [
              code(name),
              formOf(schema),
              required ? 'yes' : '',
              description,
            ]),
          ),
        ]
      : []),
    ...(body && !path.startsWith('/agent')
      ? ['Body:', table(['field', 'value', 'required', 'meaning'], fieldsOf(body))]
      : []),
    ...(responses['204'] ? ['Answer: `204`, without a body.'] : []),
    ...(answered && answered.length > 0 ? ['Answer:', table(['field', 'value', 'always', 'meaning'], answered)] : []),
    ...(problems.length > 0 ? [`Refused with ${problems.map(code).join(', ')}.`] : []),
  ];
}

export function apiPage({ tags, paths }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.flatMap(({ name, description }) => [
    `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
    `${description}.`,
    ...operations
      .filter(({ operation }) => operation.tags.includes(name))
      .flatMap(({ path, method, operation }) => operationText(method, path, operation)),
  ]);
  return [
    '<!-- Made from the routes of central-controller/api and its contract. -->',
    '# REST API',
    INTRODUCTION,
    ...sections,
    '## Errors',
    'All codes of Ballast: those of the API with the status that they are answered with, others are printed by commands.',
    table(
      ['code', 'status', 'what to do'],
      Object.entries(ERRORS).map(([name, { status, remedy }]) => [code(name), String(status), remedy]),
    ),
  ].join('\n\n');
}
