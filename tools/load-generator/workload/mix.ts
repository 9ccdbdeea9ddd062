/** A workload mix: requests with weights and random parameters. Read from YAML or JSON. */
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { failure, type Result, success } from '../../../contract/result.ts';
import { BODY_FIELDS, BodyFields, type Content, HeaderName, HeaderValue, readContent } from './content.ts';

const Name = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]*$' });
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'YYYY-MM-DD' });
const strict = { additionalProperties: false };

const IntegerParameter = Type.Object(
  { kind: Type.Literal('integer'), from: Type.Integer(), to: Type.Integer() },
  strict,
);
const DecimalParameter = Type.Object(
  {
    kind: Type.Literal('decimal'),
    from: Type.Number(),
    to: Type.Number(),
    decimals: Type.Integer({ minimum: 0, maximum: 9 }),
  },
  strict,
);
const ChoiceParameter = Type.Object(
  {
    kind: Type.Literal('choice'),
    of: Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }), { minProperties: 1 }),
  },
  strict,
);
const DateParameter = Type.Object({ kind: Type.Literal('date'), from: Day, to: Day }, strict);
const LaterDateParameter = Type.Object(
  {
    kind: Type.Literal('laterDate'),
    after: Name,
    to: Type.Optional(Day),
    days: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  strict,
);

const PARAMETERS = {
  integer: IntegerParameter,
  decimal: DecimalParameter,
  choice: ChoiceParameter,
  date: DateParameter,
  laterDate: LaterDateParameter,
};

export type Parameter =
  | Static<typeof IntegerParameter>
  | Static<typeof DecimalParameter>
  | Static<typeof ChoiceParameter>
  | Static<typeof DateParameter>
  | Static<typeof LaterDateParameter>;

const MixRequest = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    weight: Type.Number({ exclusiveMinimum: 0, description: 'Relative: weights need not sum to 1' }),
    method: Type.Enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']),
    path: Type.String({ pattern: '^(/[!-~]*)?$', description: "Appended to the URL's path; `{x}` is parameter x" }),
    headers: Type.Optional(Type.Record(HeaderName, HeaderValue, strict)),
    ...BodyFields.properties,
  },
  strict,
);

const MixFile = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    description: Type.Optional(Type.String()),
    parameters: Type.Record(Name, Type.Object({ kind: Type.Enum(Object.keys(PARAMETERS)) })),
    requests: Type.Array(MixRequest, { minItems: 1 }),
  },
  strict,
);

/** A request with its body read and encoded. */
export interface MixedRequest extends Content {
  readonly name: string;
  /** Relative to those of the other requests. */
  readonly weight: number;
  readonly method: Static<typeof MixRequest>['method'];
  readonly path: string;
}

export interface Mix {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly requests: readonly MixedRequest[];
}

/** Reads a file by its path relative to the mix. Throws the error of the file system. */
export type ReadBeside = (path: string) => Uint8Array;

/** Names of the parameters that a path uses, in order. */
function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
}

/** Parses a mix. A failure names the field, as in `requests[1].path`. */
export function parseMix(text: string, file: string, readBeside: ReadBeside): Result<Mix> {
  const refuse = (field: string, why: string): Result<never> =>
    failure('INVALID_MIX', `${file}: ${field === '' ? 'the file' : field} ${why}`);
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    return refuse('', `is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!Value.Check(MixFile, content)) return refuse(...firstError(MixFile, content, ''));
  const parameters: Record<string, Parameter> = {};
  for (const [name, value] of Object.entries(content.parameters)) {
    const field = `parameters.${name}`;
    const schema = PARAMETERS[value.kind as keyof typeof PARAMETERS];
    if (!Value.Check(schema, value)) return refuse(...firstError(schema, value, field));
    const parameter = value as Parameter;
    const wrong = contradiction(parameter, parameters);
    if (wrong !== undefined) return refuse(field, wrong);
    parameters[name] = parameter;
  }
  const requests: MixedRequest[] = [];
  for (const [index, request] of content.requests.entries()) {
    const { name, weight, method, path, headers, ...body } = request;
    const unknown = parametersOf(path).find((parameter) => parameters[parameter] === undefined);
    if (unknown !== undefined)
      return refuse(`requests[${index}].path`, `uses {${unknown}}, which is not in parameters`);
    if ((method === 'GET' || method === 'HEAD') && BODY_FIELDS.some((field) => body[field] !== undefined))
      return refuse(`requests[${index}].method`, `${method} sends no body: use POST or PUT`);
    const content = readContent(headers ?? {}, body, readBeside);
    if (!content.ok) return refuse(`requests[${index}].${content.field}`, content.why);
    requests.push({ name, weight, method, path, ...content.value });
  }
  return success({ name: content.name, parameters, requests });
}

/**
 * Errors that the schema cannot express: empty ranges, days that do not exist, references to other kinds of parameters.
 */
function contradiction(parameter: Parameter, earlier: Readonly<Record<string, Parameter>>): string | undefined {
  for (const field of ['from', 'to'] as const) {
    const day = field in parameter ? (parameter as Record<string, unknown>)[field] : undefined;
    if (typeof day === 'string' && new Date(day).toJSON()?.slice(0, 10) !== day) return `${field}: ${day} is no day`;
  }
  if (parameter.kind === 'choice') {
    return Object.keys(parameter.of).every((value) => value.isWellFormed()) ? undefined : 'of: half a character';
  }
  if (parameter.kind !== 'laterDate') {
    return parameter.from <= parameter.to ? undefined : `from must not exceed to`;
  }
  const before = earlier[parameter.after];
  if (before?.kind !== 'date') return `after: ${parameter.after} is not a parameter of kind date defined above it`;
  if ((parameter.to === undefined) === (parameter.days === undefined)) return 'needs either to or days';
  return parameter.to === undefined || parameter.to > before.to
    ? undefined
    : `to must be later than to of ${parameter.after}`;
}

function firstError(schema: TSchema, value: unknown, prefix: string): [field: string, why: string] {
  const [error] = Value.Errors(schema, value);
  if (!error) return [prefix, 'does not have the right form'];
  const field = error.instancePath
    .split('/')
    .slice(1)
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`), prefix);
  const given: unknown = Value.Pointer.Get(value, error.instancePath);
  const allowed = 'allowedValues' in error.params ? `: ${String(error.params.allowedValues)}` : '';
  const extra = 'additionalProperties' in error.params ? `: ${String(error.params.additionalProperties)}` : '';
  const shown = given === undefined || typeof given === 'object' ? '' : ` (it is ${JSON.stringify(given)})`;
  return [field, `${error.message}${allowed}${extra}${shown}`];
}
