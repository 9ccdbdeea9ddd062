/** Reads objects by their schema. A fault in an optional field costs that field, not the object. Pure. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describeFieldErrors } from '../../contract/field-errors.ts';

export interface ReadObject<T> {
  /** Undefined: the object cannot be read. */
  readonly value: T | undefined;
  /** What does not fit, with its field. */
  readonly faults: readonly string[];
}

export type ObjectReader<T> = (value: unknown) => ReadObject<T>;

/** @param isStrict any fault costs the whole object: right where the absence of a field means something else */
export function objectReader<T>(schema: TSchema, isStrict: boolean): ObjectReader<T> {
  const check = Compile(schema) as unknown as Check<T>;
  return (value) => {
    if (check.Check(value)) return { value, faults: [] };
    const errors = check.Errors(value);
    const dropped: string[] = [];
    const kept = isStrict ? undefined : withoutFaults(schema as JsonSchema, value, '', dropped);
    if (kept === undefined || !check.Check(kept)) {
      return { value: undefined, faults: [describeFieldErrors(errors, 'object')] };
    }
    const faults = dropped.map((pointer) =>
      describeFieldErrors(
        errors.filter(({ instancePath }) => instancePath === pointer || instancePath.startsWith(`${pointer}/`)),
        'object',
      ),
    );
    return { value: kept, faults };
  };
}

interface Check<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): { instancePath: string; message: string; keyword: string; params: object }[];
}

/** The part of TypeBox's JSON Schema that is needed to find optional fields. */
interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** The value without the fields and list items that do not fit; undefined where a required field does not. */
function withoutFaults(schema: JsonSchema, value: unknown, pointer: string, dropped: string[]): unknown {
  if (schema.properties && isRecord(value)) return objectWithoutFaults(schema, value, pointer, dropped);
  if (schema.items && Array.isArray(value)) {
    const { items } = schema;
    return value.flatMap((item: unknown, index) => {
      const kept = withoutFaults(items, item, `${pointer}/${index}`, dropped);
      if (kept === undefined) dropped.push(`${pointer}/${index}`);
      return kept === undefined ? [] : [kept];
    });
  }
  return Compile(schema as TSchema).Check(value) ? value : undefined;
}

function objectWithoutFaults(
  { properties = {}, required = [] }: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
  dropped: string[],
): unknown {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const schema = properties[name];
    const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const kept = schema && field !== undefined ? withoutFaults(schema, field, at, dropped) : field;
    if (kept !== undefined) result[name] = kept;
    else if (required.includes(name)) return undefined;
    else if (field !== undefined) dropped.push(at);
  }
  return required.every((name) => name in result) ? result : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
